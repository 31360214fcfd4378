// Measures of memorisation over the thinned sets whose features were taken.
#include "pipeline/evaluate/evaluate_memorisation.h"

#include "eval/comparison.h"
#include "eval/frechet.h"
#include "eval/memorisation.h"
#include "io/file/random.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

constexpr std::int64_t kResamples = 2000;

torch::Tensor rows_of(const torch::Tensor& all, const eval::Indices& rows) {
  return all.index_select(0, torch::tensor(rows, torch::kInt64));
}

std::size_t number_of_patients(const std::vector<std::int32_t>& patients) {
  return std::set<std::int32_t>(patients.begin(), patients.end()).size();
}

template <class Values>
void shuffle(Values& values, io::Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

// Rows of so many patients at random, in random order.
eval::Indices rows_of_some(const std::vector<std::int32_t>& patients, std::size_t count, io::Random& random) {
  const std::set<std::int32_t> different(patients.begin(), patients.end());
  std::vector<std::int32_t> order(different.begin(), different.end());
  shuffle(order, random);
  const std::set<std::int32_t> chosen(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
  eval::Indices rows;
  for (std::size_t i = 0; i < patients.size(); ++i)
    if (chosen.contains(patients[i])) rows.push_back(static_cast<std::int64_t>(i));
  shuffle(rows, random);
  return rows;
}

// Distances to as many patients and rows of either side: fewer patients alone would lie farther away.
ordered_json either_side_json(const FeatureSides& sides, std::uint64_t seed) {
  constexpr int kDraws = 10;
  const std::size_t patients =
      std::min(number_of_patients(sides.training_patient), number_of_patients(sides.held_out_patient));
  if (patients < 2 || sides.synthetic.size(0) < 2) return ordered_json::object();
  io::Random random(seed);
  double to_training = 0, to_held_out = 0;
  std::vector<double> differences;
  for (int draw = 0; draw < kDraws; ++draw) {
    eval::Indices trained = rows_of_some(sides.training_patient, patients, random),
                  held_out = rows_of_some(sides.held_out_patient, patients, random);
    const std::size_t n = std::min(trained.size(), held_out.size());
    trained.resize(n);
    held_out.resize(n);
    const double one = eval::frechet_distance(sides.synthetic, rows_of(sides.training, trained)),
                 other = eval::frechet_distance(sides.synthetic, rows_of(sides.held_out, held_out));
    to_training += one / kDraws;
    to_held_out += other / kDraws;
    differences.push_back(other - one);
  }
  const auto [least, most] = std::minmax_element(differences.begin(), differences.end());
  return {{"to_training", to_training},
          {"to_held_out", to_held_out},
          {"difference_range", {*least, *most}},
          {"patients", patients},
          {"draws", kDraws}};
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
  if (const ordered_json frechet = either_side_json(sides, io::mix_seed(seed, 4)); !frechet.empty())
    json["frechet"] = frechet;
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
