// Measures over the rounds of a comparison, and their JSON.
#include "pipeline/evaluate/evaluate_measures.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

using MeasurePlan = std::function<std::vector<eval::Compared>(const eval::ComparisonPlan& plan)>;

Measured measure_all(const eval::ComparisonPlan& plan, const ComparisonNames& names, std::int64_t least,
                     const MeasurePlan& measure) {
  Measured measured;
  measured.overall = measure(plan);
  for (std::size_t c = 0; c < plan.per_class.size(); ++c) {
    if (plan.per_class[c] < least) continue;
    measured.per_class[names.classes[c]] = measure(eval::confined(plan, static_cast<std::int32_t>(c)));
  }
  return measured;
}

// The mean of several comparisons' rounds.
eval::Spread mean_of_rounds(const std::vector<const eval::Spread*>& spreads) {
  std::vector<double> rounds(spreads.front()->rounds.size(), 0);
  for (const eval::Spread* spread : spreads) {
    if (spread->rounds.size() != rounds.size()) throw std::invalid_argument("comparisons of different rounds");
    for (std::size_t r = 0; r < rounds.size(); ++r)
      rounds[r] += spread->rounds[r] / static_cast<double>(spreads.size());
  }
  return eval::spread_of(std::move(rounds));
}

}  // namespace

Measured measure_features(const eval::ComparisonPlan& plan, const ComparisonNames& names, std::int64_t least,
                          const torch::Tensor& real, const std::vector<torch::Tensor>& sets, std::uint64_t seed,
                          const eval::WantedMeasures& wanted) {
  return measure_all(plan, names, least, [&](const eval::ComparisonPlan& part) {
    eval::FeatureMeasures measures(part, real, sets, seed, wanted);
    return eval::compare_all(part, std::ref(measures));
  });
}

Measured measure_one(const eval::ComparisonPlan& plan, const ComparisonNames& names, std::int64_t least,
                     const eval::Measure& measure) {
  return measure_all(plan, names, least, [&](const eval::ComparisonPlan& part) {
    return std::vector<eval::Compared>{eval::compare(part, measure)};
  });
}

Measured mean_of(std::span<const Measured> parts) {
  if (parts.empty()) throw std::invalid_argument("no comparisons to average");
  Measured mean;
  for (std::size_t m = 0; m < parts[0].overall.size(); ++m) {
    const auto gather = [&](const std::function<const eval::Spread&(const eval::Compared&)>& of) {
      std::vector<const eval::Spread*> spreads;
      for (const Measured& part : parts) spreads.push_back(&of(part.overall.at(m)));
      return mean_of_rounds(spreads);
    };
    eval::Compared compared;
    compared.count = parts[0].overall[m].count;
    for (const Measured& part : parts) compared.count = std::min(compared.count, part.overall.at(m).count);
    compared.floor = gather([](const eval::Compared& one) -> const eval::Spread& { return one.floor; });
    for (std::size_t i = 0; i < parts[0].overall[m].contenders.size(); ++i)
      compared.contenders.push_back(
          gather([i](const eval::Compared& one) -> const eval::Spread& { return one.contenders.at(i); }));
    mean.overall.push_back(std::move(compared));
  }
  return mean;
}

ordered_json spread_json(const eval::Spread& spread, std::int64_t count) {
  return {{"value", spread.value}, {"interval", {spread.low, spread.high}}, {"n", count}};
}

ordered_json compared_json(const eval::Compared& compared) {
  ordered_json json = spread_json(compared.contenders.at(0), compared.count);
  json["floor"] = compared.floor.value;
  json["floor_interval"] = {compared.floor.low, compared.floor.high};
  return json;
}

ordered_json whole_sets_json(const torch::Tensor& real, const torch::Tensor& synthetic, std::uint64_t seed,
                             const eval::WantedMeasures& wanted) {
  const std::vector<double> values = eval::whole_set_measures(real, synthetic, seed, wanted);
  ordered_json json{{"n_real", real.size(0)}, {"n_synthetic", synthetic.size(0)}};
  for (std::size_t m = 0; m < values.size(); ++m)
    if (std::isfinite(values[m])) json[eval::kFeatureMeasures[m]] = values[m];
  return json;
}

ordered_json measured_json(const Measured& measured, std::span<const char* const> measures,
                           const ComparisonNames& names) {
  const auto all_of = [&](const std::vector<eval::Compared>& compared) {
    ordered_json json = ordered_json::object();
    for (std::size_t m = 0; m < measures.size(); ++m)
      if (std::isfinite(compared.at(m).contenders.at(0).value)) json[measures[m]] = compared_json(compared[m]);
    return json;
  };
  ordered_json json = all_of(measured.overall);
  json["references"] = ordered_json::object();
  for (std::size_t i = 1; i < names.sets.size(); ++i) {
    const auto one = [&](std::size_t m) {
      return spread_json(measured.overall.at(m).contenders.at(i), measured.overall[m].count);
    };
    ordered_json& reference = json["references"][names.sets[i]];
    reference = std::isfinite(measured.overall.at(0).contenders.at(i).value) ? one(0) : ordered_json::object();
    for (std::size_t m = 1; m < measures.size(); ++m)
      if (std::isfinite(measured.overall[m].contenders[i].value)) reference[measures[m]] = one(m);
  }
  json["per_class"] = ordered_json::object();
  for (const std::string& name : names.classes)
    if (const auto found = measured.per_class.find(name); found != measured.per_class.end())
      json["per_class"][name] = all_of(found->second);
  return json;
}

}  // namespace ctforge::pipeline
