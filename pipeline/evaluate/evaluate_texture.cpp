// Noise power and diversity beside their floors.
#include "pipeline/evaluate/evaluate_texture.h"

#include "eval/diversity.h"
#include "eval/noise_power.h"
#include "eval/ssim.h"
#include "io/file/random.h"
#include "pipeline/evaluate/evaluate_compared.h"

#include <functional>
#include <numeric>
#include <utility>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kPairs = 64;

// Whether a part of the comparison can be measured: rows of a contender, or of the real set.
using Usable = std::function<bool(std::int64_t contender, const eval::Indices& rows)>;

// For each compared set whether that holds in every round, overall and of each class that is told; last, of the real
// set.
std::vector<bool> usable_sets(const ComparedSets& compared, std::int64_t least, const Usable& usable) {
  std::vector<eval::ComparisonPlan> plans = {compared.plan};
  for (std::size_t c = 0; c < compared.plan.per_class.size(); ++c)
    if (compared.plan.per_class[c] >= least)
      plans.push_back(eval::confined(compared.plan, static_cast<std::int32_t>(c)));
  std::vector<bool> all(compared.sets.size() + 1, true);
  for (const eval::ComparisonPlan& plan : plans)
    for (const eval::Round& round : plan.rounds) {
      for (std::size_t i = 0; i + 1 < all.size(); ++i)
        all[i] = all[i] && usable(static_cast<std::int64_t>(i), round.contenders[i]);
      all.back() = all.back() && usable(eval::kReal, round.reference) && usable(eval::kReal, round.floor);
    }
  return all;
}

std::vector<double> numbers_of(const torch::Tensor& values) {
  const torch::Tensor flat = values.to(torch::kFloat64).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

ordered_json curve_json(const eval::NoiseSpectra& spectra) {
  eval::Indices rows(static_cast<std::size_t>(spectra.regions.size(0)));
  std::iota(rows.begin(), rows.end(), 0);
  return {{"power_hu2_mm2", numbers_of(eval::pooled_power(spectra, rows))},
          {"deviation_hu", eval::pooled_deviation_hu(spectra, rows)},
          {"regions", spectra.regions.sum().item<double>()}};
}

ordered_json spectra_json(const ComparedSets& compared, const eval::NoiseSpectra& real,
                          const std::vector<eval::NoiseSpectra>& sets, std::int64_t least) {
  const eval::Measure distance = [&](const eval::Indices& reference, std::int64_t contender,
                                     const eval::Indices& rows) {
    return eval::log_spectral_distance_db(eval::pooled_power(of_contender(real, sets, contender), rows),
                                          eval::pooled_power(real, reference));
  };
  const eval::Measure deviation = [&](const eval::Indices&, std::int64_t contender, const eval::Indices& rows) {
    return eval::pooled_deviation_hu(of_contender(real, sets, contender), rows);
  };
  ordered_json json{{"distance", compared_json(compared, "log_spectral_db", least, distance)},
                    {"noise", compared_json(compared, "deviation_hu", least, deviation)},
                    {"frequency_per_mm", real.frequency_per_mm},
                    {"curves", {{"real", curve_json(real)}}}};
  for (std::size_t i = 0; i < sets.size(); ++i) json["curves"][compared.names[i]] = curve_json(sets[i]);
  return json;
}

}  // namespace

ordered_json noise_power_json(const ComparedSets& compared, const EvaluateConfig& config) {
  ordered_json json{{"schema", 1}};
  for (const eval::NoiseOf source : {eval::NoiseOf::SoftTissue, eval::NoiseOf::Residual}) {
    const eval::NoiseSpectra real = eval::noise_spectra(compared.real, source);
    std::vector<eval::NoiseSpectra> sets;
    for (const eval::PatchSet& set : compared.sets) sets.push_back(eval::noise_spectra(set, source));
    std::vector<bool> kept =
        usable_sets(compared, config.per_class_least, [&](std::int64_t contender, const auto& rows) {
          const torch::Tensor& regions = of_contender(real, sets, contender).regions;
          return regions.index_select(0, torch::tensor(rows)).sum().template item<double>() > 0;
        });
    if (source == eval::NoiseOf::SoftTissue && (!kept.front() || !kept.back())) continue;
    kept.pop_back();
    std::vector<eval::NoiseSpectra> chosen;
    for (std::size_t i = 0; i < kept.size(); ++i)
      if (kept[i]) chosen.push_back(std::move(sets[i]));
    json["noise_power"] = spectra_json(without_sets(compared, kept), real, chosen, config.per_class_least);
    json["protocol"] = {
        {"of", source == eval::NoiseOf::SoftTissue
                   ? "regions of soft tissue (every pixel within -200 to 300 HU) less a trend of second order"
                   : "patches less themselves smoothed by a Gaussian of 1.5 pixels: anatomical edges included"},
        {"region_pixels", real.region_pixels},
        {"distance", "root mean square over the rings of 10 log10 of the ratio of radial spectra"},
        {"floor", "the other half of the real patients: its distance from the reference half, its noise"},
        {"interval", "2.5 and 97.5 percentiles over the rounds"}};
    break;
  }
  return json;
}

ordered_json diversity_json(const ComparedSets& compared, const EvaluateConfig& config, std::uint64_t seed) {
  ordered_json json{{"schema", 1}, {"diversity", ordered_json::object()}};
  const std::int64_t scales = eval::scales_within(compared.real.height, compared.real.width);
  if (scales == 0) {
    json["unavailable"] = "patches below 11 pixels";
    return json;
  }
  const auto pairs_of = [seed](const eval::PatchSet& set, const eval::Indices& rows) {
    return eval::pairs_within_classes(set, rows, kPairs, io::mix_seed(seed, static_cast<std::uint64_t>(rows.front())));
  };
  std::vector<bool> kept = usable_sets(compared, config.per_class_least, [&](std::int64_t contender, const auto& rows) {
    return !pairs_of(of_contender(compared.real, compared.sets, contender), rows).empty();
  });
  if (!kept.front() || !kept.back()) {
    json["unavailable"] = "too few patients for pairs of patches of different ones";
    return json;
  }
  kept.pop_back();
  const ComparedSets chosen = without_sets(compared, kept);
  const eval::Measure similarity = [&](const eval::Indices&, std::int64_t contender, const eval::Indices& rows) {
    const eval::PatchSet& set = of_contender(chosen.real, chosen.sets, contender);
    return eval::mean_similarity(set, pairs_of(set, rows));
  };
  json["diversity"] = compared_json(chosen, "ms_ssim", config.per_class_least, similarity);
  json["protocol"] = {{"pairs", kPairs},
                      {"of", "patches of one class and two patients, windowed to [-1,1]"},
                      {"scales", scales},
                      {"weights", "the first of Wang, Simoncelli and Bovik's five, divided by their sum"},
                      {"value", "mean over pairs within the synthetic set: higher than the floor is less diverse"},
                      {"floor", "the same within the real patients that are not in the reference half"},
                      {"interval", "2.5 and 97.5 percentiles over the rounds"}};
  return json;
}

}  // namespace ctforge::pipeline
