// Values beside their floors, reference rows and classes.
#include "pipeline/evaluate_measure.h"

#include <stdexcept>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

ordered_json spread_json(const eval::Spread& spread, std::int64_t count) {
  return {{"value", spread.value}, {"interval", {spread.low, spread.high}}, {"n", count}};
}

ordered_json with_floor(const eval::Compared& compared) {
  ordered_json json = spread_json(compared.contenders[0], compared.count);
  json["floor"] = compared.floor.value;
  json["floor_interval"] = {compared.floor.low, compared.floor.high};
  return json;
}

}  // namespace

ordered_json compared_json(const ComparedSets& sets, const char* name, std::int64_t least,
                           const eval::Measure& measure) {
  const eval::Compared overall = eval::compare(sets.plan, measure);
  ordered_json json{{name, with_floor(overall)}, {"references", ordered_json::object()}};
  for (std::size_t i = 1; i < sets.names.size(); ++i)
    json["references"][sets.names[i]] = spread_json(overall.contenders[i], overall.count);
  json["per_class"] = ordered_json::object();
  for (std::size_t c = 0; c < sets.plan.per_class.size(); ++c) {
    if (sets.plan.per_class[c] < least) continue;
    const eval::ComparisonPlan plan = eval::confined(sets.plan, static_cast<std::int32_t>(c));
    json["per_class"][sets.real.classes[c]] = {{name, with_floor(eval::compare(plan, measure))}};
  }
  return json;
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
