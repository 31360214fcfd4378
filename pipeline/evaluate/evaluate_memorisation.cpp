// Measures of memorisation over the thinned sets whose features were taken.
#include "pipeline/evaluate/evaluate_memorisation.h"

#include "eval/comparison.h"
#include "eval/frechet.h"
#include "eval/memorisation.h"
#include "io/file/random.h"
#include "pipeline/train/train_data.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

constexpr std::int64_t kResamples = 2000;

torch::Tensor rows_of(const torch::Tensor& all, const eval::Indices& rows) {
  return all.index_select(0, torch::tensor(rows, torch::kInt64));
}

// n of the rows at random.
torch::Tensor some_of(const torch::Tensor& rows, std::int64_t n, std::uint64_t seed) {
  torch::Generator random = seeded(seed);
  return rows.index_select(0, torch::randperm(rows.size(0), random).narrow(0, 0, n));
}

bool several(const std::vector<std::int32_t>& patients) {
  return std::any_of(patients.begin(), patients.end(),
                     [&patients](std::int32_t patient) { return patient != patients.front(); });
}

double median_ratio(const eval::TwoNearest& nearest) { return eval::quantile(eval::distance_ratios(nearest), 0.5); }

}  // namespace

FeatureSides sides_of(const ComparedSets& compared, const SetFeatures& features, std::int64_t train_size) {
  FeatureSides sides;
  eval::Indices training, held_out;
  for (std::size_t row = 0; row < compared.real_index.size(); ++row) {
    const bool trained = compared.real_index[row] < train_size;  // train stands first in the joint set
    (trained ? training : held_out).push_back(static_cast<std::int64_t>(row));
    (trained ? sides.training_patient : sides.held_out_patient).push_back(compared.real.patient[row]);
  }
  sides.training = rows_of(features.real, training);
  sides.held_out = rows_of(features.real, held_out);
  sides.synthetic = features.sets[0];
  sides.through_codec = compared.names.back() == kReconstructed;
  sides.held_out_decoded = sides.through_codec ? rows_of(features.sets.back(), held_out) : sides.held_out;
  if (training.empty()) return sides;
  sides.near_synthetic = eval::two_nearest(sides.synthetic, sides.training);
  if (!held_out.empty()) sides.near_held_out = eval::two_nearest(sides.held_out_decoded, sides.training);
  return sides;
}

ordered_json memorisation_json(const FeatureSides& sides, std::uint64_t seed) {
  ordered_json json = ordered_json::object();
  if (!several(sides.training_patient)) return json;  // nobody to be a neighbour
  const auto near_training =
      eval::two_nearest(sides.training, sides.training, sides.training_patient, sides.training_patient);
  json["authenticity"]["synthetic"] = eval::authenticity(sides.near_synthetic, near_training);
  json["distance_ratio"]["synthetic"] = median_ratio(sides.near_synthetic);
  if (sides.held_out_patient.empty()) return json;
  json["authenticity"]["held_out"] = eval::authenticity(sides.near_held_out, near_training);
  json["distance_ratio"]["held_out"] = median_ratio(sides.near_held_out);
  json["nearer_to_training"] =
      eval::nearer_to_training(sides.training, sides.held_out, sides.synthetic, io::mix_seed(seed, 1));
  if (const double statistic =
          eval::copying_statistic(sides.training, sides.held_out_decoded, sides.synthetic, io::mix_seed(seed, 2));
      std::isfinite(statistic))
    json["copying_statistic"] = statistic;
  if (const std::int64_t n = std::min(sides.training.size(0), sides.held_out.size(0)); n > 1) {
    const auto distance_to = [&](const torch::Tensor& rows, std::uint64_t stream) {
      return eval::frechet_distance(sides.synthetic, some_of(rows, n, io::mix_seed(seed, stream)));
    };
    json["frechet"] = {
        {"to_training", distance_to(sides.training, 4)}, {"to_held_out", distance_to(sides.held_out, 5)}, {"n", n}};
  }
  const auto membership =
      eval::membership_auc(sides.training, sides.training_patient, sides.held_out, sides.held_out_patient,
                           sides.synthetic, kResamples, io::mix_seed(seed, 3));
  json["membership"] = {{"auc", membership.auc},
                        {"interval", {membership.low, membership.high}},
                        {"members", membership.members},
                        {"others", membership.others}};
  return json;
}

}  // namespace ctforge::pipeline
