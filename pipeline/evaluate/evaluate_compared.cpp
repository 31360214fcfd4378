// Values beside their floors, reference rows and classes.
#include "pipeline/evaluate/evaluate_compared.h"

#include "pipeline/evaluate/evaluate_measures.h"

#include <array>
#include <stdexcept>

namespace ctforge::pipeline {
using nlohmann::ordered_json;

ordered_json compared_json(const ComparedSets& sets, const char* name, std::int64_t least,
                           const eval::Measure& measure) {
  const ComparisonNames names{sets.names, sets.real.classes};
  return measured_json(measure_one(sets.plan, names, least, measure), std::array{name}, names);
}

ComparedSets without_sets(const ComparedSets& sets, const std::vector<bool>& kept) {
  if (kept.size() != sets.names.size() || !kept[0]) throw std::invalid_argument("the synthetic set stays");
  ComparedSets chosen = sets;
  chosen.names.clear();
  chosen.sets.clear();
  for (eval::Round& round : chosen.plan.rounds) round.contenders.clear();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i]) continue;
    chosen.names.push_back(sets.names[i]);
    chosen.sets.push_back(sets.sets[i]);
    for (std::size_t r = 0; r < chosen.plan.rounds.size(); ++r)
      chosen.plan.rounds[r].contenders.push_back(sets.plan.rounds[r].contenders[i]);
  }
  return chosen;
}

}  // namespace ctforge::pipeline
