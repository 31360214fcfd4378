// Histograms of HU under each label over the rounds of the comparison.
#include "pipeline/evaluate/evaluate_organs.h"

#include "eval/histogram.h"
#include "eval/organ_histogram.h"
#include "pipeline/evaluate/evaluate_measures.h"

#include <cmath>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

// Voxels of every round by side: [rounds,labels,bins] float64 each.
struct OrganVoxels {
  torch::Tensor reference, floor, synthetic;
};

OrganVoxels voxels_of(const ComparedSets& compared) {
  std::vector<const eval::Indices*> real, synthetic;
  for (const eval::Round& round : compared.plan.rounds) real.push_back(&round.reference);
  for (const eval::Round& round : compared.plan.rounds) real.push_back(&round.floor);
  for (const eval::Round& round : compared.plan.rounds) synthetic.push_back(&round.contenders.front());
  const auto& window = compared.real.window_hu;
  const torch::Tensor both = eval::organ_histograms(compared.real, real, window);
  const std::int64_t rounds = std::ssize(compared.plan.rounds);
  return {both.narrow(0, 0, rounds), both.narrow(0, rounds, rounds),
          eval::organ_histograms(compared.sets.front(), synthetic, window)};
}

// A figure of one organ against the reference, round by round, for the synthetic side and for the floor.
struct Figure {
  std::vector<double> synthetic, floor;
};

ordered_json figure_json(const Figure& figure, std::int64_t count) {
  eval::Compared compared;
  compared.count = count;
  compared.floor = eval::spread_of(figure.floor);
  compared.contenders = {eval::spread_of(figure.synthetic)};
  return compared_json(compared);
}

ordered_json organ_json(const OrganVoxels& voxels, std::int64_t label, double low_hu, std::int64_t count) {
  Figure distance, mean, sd;
  std::vector<double> synthetic_mean, synthetic_sd, real_mean, real_sd;
  for (std::int64_t r = 0; r < voxels.reference.size(0); ++r) {
    const torch::Tensor reference = voxels.reference[r][label], floor = voxels.floor[r][label],
                        synthetic = voxels.synthetic[r][label];
    const eval::HuMoments real = eval::hu_moments(reference, low_hu), other = eval::hu_moments(floor, low_hu),
                          made = eval::hu_moments(synthetic, low_hu);
    const torch::Tensor fractions = reference / reference.sum();
    distance.synthetic.push_back(eval::wasserstein1_hu(synthetic / synthetic.sum(), fractions));
    distance.floor.push_back(eval::wasserstein1_hu(floor / floor.sum(), fractions));
    mean.synthetic.push_back(made.mean_hu - real.mean_hu);
    mean.floor.push_back(other.mean_hu - real.mean_hu);
    sd.synthetic.push_back(made.sd_hu - real.sd_hu);
    sd.floor.push_back(other.sd_hu - real.sd_hu);
    synthetic_mean.push_back(made.mean_hu);
    synthetic_sd.push_back(made.sd_hu);
    real_mean.push_back(real.mean_hu);
    real_sd.push_back(real.sd_hu);
  }
  ordered_json json{{"wasserstein1_hu", figure_json(distance, count)},
                    {"mean_difference_hu", figure_json(mean, count)},
                    {"sd_difference_hu", figure_json(sd, count)}};
  json["mean_difference_hu"]["synthetic"] = eval::spread_of(synthetic_mean).value;
  json["mean_difference_hu"]["real"] = eval::spread_of(real_mean).value;
  json["sd_difference_hu"]["synthetic"] = eval::spread_of(synthetic_sd).value;
  json["sd_difference_hu"]["real"] = eval::spread_of(real_sd).value;
  return json;
}

bool everywhere(const torch::Tensor& voxels, std::int64_t label) {
  return (voxels.select(1, label).sum(1) > 0).all().item<bool>();
}

}  // namespace

ordered_json organs_json(const ComparedSets& compared) {
  ordered_json json = ordered_json::object();
  if (compared.real.labels.size() < 2 || compared.real.labels != compared.sets.front().labels) return json;
  const OrganVoxels voxels = voxels_of(compared);
  const double low_hu = std::round(compared.real.window_hu[0]);
  for (std::int64_t label = 1; label < std::ssize(compared.real.labels); ++label) {
    if (!everywhere(voxels.reference, label) || !everywhere(voxels.floor, label) ||
        !everywhere(voxels.synthetic, label))
      continue;
    json[compared.real.labels[static_cast<std::size_t>(label)]] =
        organ_json(voxels, label, low_hu, compared.plan.count);
  }
  return json;
}

}  // namespace ctforge::pipeline
