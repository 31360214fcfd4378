// One measure over the rounds of a comparison, as the evaluation's files show it.
#pragma once

#include "eval/comparison.h"
#include "pipeline/evaluate/evaluate_distances.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// {name: {value, interval, n, floor, floor_interval} of the synthetic set, references: the other sets by name,
// per_class: the same of each class that has at least `least` patches on every side}.
nlohmann::ordered_json compared_json(const ComparedSets& sets, const char* name, std::int64_t least,
                                     const eval::Measure& measure);

// What was measured of a side: of the real set for eval::kReal, else of the contender with this index.
template <class T>
const T& of_contender(const T& real, const std::vector<T>& sets, std::int64_t contender) {
  return contender == eval::kReal ? real : sets[static_cast<std::size_t>(contender)];
}

// The sets that `kept` allows (the synthetic one, first, always), with the plan confined to them.
ComparedSets without_sets(const ComparedSets& sets, const std::vector<bool>& kept);

}  // namespace ctforge::pipeline
