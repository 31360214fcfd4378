// The choice on validation patients, Holm's families and the saving, from cells written by hand.
#include "pipeline/evaluate/downstream_scores.h"

#include "eval/holm.h"
#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "tests/eval/support.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

// A cell with two organs and five patients: organ 1 scores `dice` plus a little for each patient, organ 2 the same.
ordered_json cell(double validation, double dice, double slope) {
  ordered_json test = ordered_json::array();
  for (int patient = 0; patient < 5; ++patient) {
    const double value = dice + slope * patient;
    test.push_back({{"patient", patient},
                    {"dice", {nullptr, value, value}},
                    {"hausdorff95_mm", {nullptr, 1.0, 2.0}},
                    {"surface_dice", {nullptr, value, value}},
                    {"missed", {false, false, false}},
                    {"false_positive_mm3", {0, 0, 0}}});
  }
  return {{"validation_dice", validation}, {"test", test}};
}

eval::PatchSet patients(std::int32_t count) {
  std::vector<std::int32_t> patient;
  for (std::int32_t i = 0; i < count; ++i) patient.push_back(i);
  return test::patch_set(torch::zeros({count, 2, 2}, torch::kInt16), torch::zeros({count, 2, 2}, torch::kUInt8),
                         patient);
}

DownstreamInputs inputs_of(const std::vector<std::pair<double, std::int32_t>>& fractions) {
  DownstreamInputs inputs;
  for (const auto& [fraction, count] : fractions)
    inputs.fractions.push_back({fraction, patients(count), patients(1), "", ""});
  inputs.validation = patients(2);
  inputs.test = patients(5);
  return inputs;
}

DownstreamConfig config_of(std::vector<double> fractions) {
  DownstreamConfig config;
  config.fractions = std::move(fractions);
  config.seeds = 1;
  config.bootstrap = 200;
  return config;
}

TEST(DownstreamScores, TheBestOnValidationPatientsIsTakenWhateverTheTestSays) {
  DownstreamConfig config = config_of({1});
  config.seeds = 2;
  config.arms = {"real"};
  config.learning_rates = {1e-3, 1e-2, 1e-1};
  std::vector<ordered_json> cells;
  for (int seed = 0; seed < 2; ++seed)
    for (const auto& [validation, test] : {std::pair{0.6, 0.9}, std::pair{0.7 + 0.1 * seed, 0.5}, std::pair{0.7, 0.95}})
      cells.push_back(cell(validation, test, 0.001));
  const DownstreamResult result = score_downstream(inputs_of({{1, 8}}), config, cells, 1);
  const ArmResult& arm = result.fractions[0].arms[0];
  EXPECT_FALSE(arm.candidates[0].chosen);
  EXPECT_TRUE(arm.candidates[1].chosen);
  EXPECT_NEAR(arm.candidates[1].validation_dice, 0.75, 1e-12);
  EXPECT_NEAR(arm.candidates[2].test_dice, 0.952, 1e-12);
  EXPECT_EQ(arm.cells.size(), 2u);
  EXPECT_NEAR(result.fractions[0].experiment.arms[0].organs[0][0].interval.mean, 0.502, 1e-12);
  EXPECT_TRUE(result.savings.empty());
}

TEST(DownstreamScores, WhatDivergedIsNotChosen) {
  DownstreamConfig config = config_of({1});
  config.arms = {"real"};
  config.learning_rates = {1e-3, 1e3};
  const ordered_json diverged{{"diverged", 7}};
  const DownstreamResult result = score_downstream(inputs_of({{1, 8}}), config, {cell(0.1, 0.5, 0.001), diverged}, 1);
  const auto& candidates = result.fractions[0].arms[0].candidates;
  EXPECT_TRUE(candidates[0].chosen);
  EXPECT_EQ(candidates[1].diverged, 1);
  EXPECT_TRUE(std::isnan(candidates[1].test_dice));
  EXPECT_THROW(score_downstream(inputs_of({{1, 8}}), config, {diverged, diverged}, 1), ConfigError);
}

TEST(DownstreamScores, HolmHasAFamilyOfOrgansAndOneOfTheirMean) {
  DownstreamConfig config = config_of({0.5, 1});
  config.arms = {"real", "real_synthetic", "oversampled"};
  std::vector<ordered_json> cells;  // the whole first
  for (const double gain : {0.0, 0.05, -0.01, 0.0, 0.02, 0.03}) cells.push_back(cell(0.5, 0.6 + gain, gain / 10));
  const DownstreamResult result = score_downstream(inputs_of({{0.5, 4}, {1, 8}}), config, cells, 1);
  std::vector<double> organs, means, corrected_organs, corrected_means;
  for (const FractionResult& fraction : result.fractions)
    for (std::size_t arm = 0; arm < 2; ++arm)
      for (std::size_t label = 0; label < 3; ++label) {
        (label == 0 ? means : organs).push_back(fraction.experiment.differences[arm][0][label].wilcoxon_p);
        (label == 0 ? corrected_means : corrected_organs).push_back(fraction.wilcoxon_holm[arm][0][label]);
      }
  EXPECT_EQ(organs.size(), 8u);
  std::vector<double> of_surface, corrected_surface;  // the last measure has families of its own
  for (const FractionResult& fraction : result.fractions)
    for (std::size_t arm = 0; arm < 2; ++arm)
      for (const std::size_t label : {1, 2}) {
        of_surface.push_back(fraction.experiment.differences[arm].back()[label].wilcoxon_p);
        corrected_surface.push_back(fraction.wilcoxon_holm[arm].back()[label]);
      }
  EXPECT_EQ(corrected_surface, eval::holm(of_surface));
  EXPECT_EQ(corrected_organs, eval::holm(organs));
  EXPECT_EQ(corrected_means, eval::holm(means));
  EXPECT_NEAR(means[0], 0.0625, 1e-12);          // five differences of one sign: 2 / 2^5
  EXPECT_NEAR(corrected_means[0], 0.25, 1e-12);  // four tests
  EXPECT_NEAR(corrected_organs[0], 0.5, 1e-12);  // eight
}

TEST(DownstreamScores, TheSavingIsReadOffTheRealArm) {
  std::vector<ordered_json> cells;  // the whole: real 0.8, with 0.8; half: real 0.6, with 0.7
  for (const double dice : {0.8, 0.8, 0.6, 0.7}) cells.push_back(cell(0.5, dice, 0));
  const DownstreamResult result = score_downstream(inputs_of({{0.5, 4}, {1, 8}}), config_of({0.5, 1}), cells, 1);
  ASSERT_EQ(result.savings.size(), 2u);
  EXPECT_NEAR(result.savings[0].needed, 6, 1e-9);
  EXPECT_NEAR(result.savings[0].part, 1.0 / 3, 1e-9);
  EXPECT_NEAR(result.savings[1].part, 0, 1e-9);
  EXPECT_EQ(result.fractions[0].train_patients, 4);
  // As many patients in both: no curve.
  EXPECT_TRUE(score_downstream(inputs_of({{0.5, 8}, {1, 8}}), config_of({0.5, 1}), cells, 1).savings.empty());
}

TEST(DownstreamScores, ASavingIsVoidWhereTheRealArmCollapsed) {
  std::vector<ordered_json> cells;
  for (const double dice : {0.8, 0.8, 0.01, 0.7}) cells.push_back(cell(0.5, dice, 0));
  const DownstreamResult result = score_downstream(inputs_of({{0.5, 4}, {1, 8}}), config_of({0.5, 1}), cells, 1);
  for (const eval::Saving& saving : result.savings) EXPECT_FALSE(saving.valid);
}

TEST(DownstreamScores, AChoiceNeedsValidationPatients) {
  DownstreamConfig config = config_of({1});
  EXPECT_NO_THROW(require_choice(config, patients(0)));
  config.synthetic_shares = {0.2, 0.5};
  EXPECT_NO_THROW(require_choice(config, patients(1)));
  EXPECT_THROW(require_choice(config, patients(0)), io::DataError);
  EXPECT_THROW(require_choice(config, eval::subset(patients(2), {})), io::DataError);
  eval::PatchSet unlabelled = patients(1);
  for (auto& contoured : unlabelled.contoured) contoured = {true, false, false};
  EXPECT_THROW(require_choice(config, unlabelled), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
