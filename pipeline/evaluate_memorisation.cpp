// Measures of memorisation over the thinned sets whose features were taken.
#include "pipeline/evaluate_memorisation.h"

#include "eval/comparison.h"
#include "eval/memorisation.h"
#include "io/random.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

constexpr std::int64_t kResamples = 2000;

struct Side {
  torch::Tensor features;
  std::vector<std::int32_t> patient;
};

// Rows of the thinned real set: train stands first in the joint one.
Side side_of(const ComparedSets& compared, const SetFeatures& features, std::int64_t train_size, bool training) {
  Side side;
  eval::Indices rows;
  for (std::size_t row = 0; row < compared.real_index.size(); ++row) {
    if ((compared.real_index[row] < train_size) != training) continue;
    rows.push_back(static_cast<std::int64_t>(row));
    side.patient.push_back(compared.real.patient[row]);
  }
  side.features = features.real.index_select(0, torch::tensor(rows, torch::kInt64));
  return side;
}

bool several_patients(const Side& side) {
  return std::any_of(side.patient.begin(), side.patient.end(),
                     [&side](std::int32_t patient) { return patient != side.patient.front(); });
}

double median_ratio(const torch::Tensor& rows, const torch::Tensor& training) {
  return eval::quantile(eval::distance_ratios(eval::two_nearest(rows, training)), 0.5);
}

}  // namespace

ordered_json memorisation_json(const ComparedSets& compared, const SetFeatures& features, std::int64_t train_size,
                               std::uint64_t seed) {
  const Side training = side_of(compared, features, train_size, true);
  const Side held_out = side_of(compared, features, train_size, false);
  const torch::Tensor& synthetic = features.sets[0];
  ordered_json json = ordered_json::object();
  if (!several_patients(training)) return json;  // nobody to be a neighbour
  const auto authenticity = [&](const torch::Tensor& rows) {
    return eval::authenticity(training.features, training.patient, rows);
  };
  json["authenticity"]["synthetic"] = authenticity(synthetic);
  json["distance_ratio"]["synthetic"] = median_ratio(synthetic, training.features);
  if (held_out.patient.empty()) return json;
  json["authenticity"]["held_out"] = authenticity(held_out.features);
  json["distance_ratio"]["held_out"] = median_ratio(held_out.features, training.features);
  json["nearer_to_training"] =
      eval::nearer_to_training(training.features, held_out.features, synthetic, io::mix_seed(seed, 1));
  if (const double statistic =
          eval::copying_statistic(training.features, held_out.features, synthetic, io::mix_seed(seed, 2));
      std::isfinite(statistic))
    json["copying_statistic"] = statistic;
  const auto membership = eval::membership_auc(training.features, training.patient, held_out.features, held_out.patient,
                                               synthetic, kResamples, io::mix_seed(seed, 3));
  json["membership"] = {{"auc", membership.auc},
                        {"interval", {membership.low, membership.high}},
                        {"members", membership.members},
                        {"others", membership.others}};
  return json;
}

}  // namespace ctforge::pipeline
