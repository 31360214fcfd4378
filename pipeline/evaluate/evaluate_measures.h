// What is measured between the sets of a comparison, and how it is published: each value with its interval, N, the
// floor and the floor's interval.
#pragma once

#include "eval/comparison.h"
#include "eval/feature_measures.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/types.h>

namespace ctforge::pipeline {

// Names for what a plan has by index.
struct ComparisonNames {
  std::vector<std::string> sets;     // the contenders; the first is the one that is judged, the rest are references
  std::vector<std::string> classes;  // of the real set
};

// Measures by their place in a list of names, overall and of each class that has enough patches.
struct Measured {
  std::vector<eval::Compared> overall;
  std::map<std::string, std::vector<eval::Compared>> per_class;
};

// Everything of eval/feature_measures.h. `least`: fewest patches a side for one class. Deterministic in seed.
Measured measure_features(const eval::ComparisonPlan& plan, const ComparisonNames& names, std::int64_t least,
                          const torch::Tensor& real, const std::vector<torch::Tensor>& sets, std::uint64_t seed,
                          const eval::WantedMeasures& wanted);
// A single measure in the same form.
Measured measure_one(const eval::ComparisonPlan& plan, const ComparisonNames& names, std::int64_t least,
                     const eval::Measure& measure);
// Round by round the mean of several comparisons, of planes of the same volumes; N is the smallest. Without classes.
// Throws std::invalid_argument where they have not the same measures, sets and rounds.
Measured mean_of(std::span<const Measured> parts);

// {value, interval, n}.
nlohmann::ordered_json spread_json(const eval::Spread& spread, std::int64_t count);
// The same with {floor, floor_interval}.
nlohmann::ordered_json compared_json(const eval::Compared& compared);

// {n_real, n_synthetic, <measure>: value, ...} over all rows of both sides.
nlohmann::ordered_json whole_sets_json(const torch::Tensor& real, const torch::Tensor& synthetic, std::uint64_t seed,
                                       const eval::WantedMeasures& wanted);

// {<measure>: {value, interval, n, floor, floor_interval}, ..., references: {<set>: {value, interval, n of the first
// measure, <measure>: {value, interval, n}, ...}}, per_class: {<class>: {<measure>: ...}}}. Measures without a value
// are left out.
nlohmann::ordered_json measured_json(const Measured& measured, std::span<const char* const> measures,
                                     const ComparisonNames& names);

}  // namespace ctforge::pipeline
