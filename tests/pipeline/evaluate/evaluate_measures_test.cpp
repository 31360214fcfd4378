// The form in which measures are published, and the mean over planes.
#include "pipeline/evaluate/evaluate_measures.h"

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

eval::Compared compared_of(std::vector<double> floor, std::vector<double> value, std::vector<double> reference) {
  eval::Compared compared;
  compared.count = 9;
  compared.floor = eval::spread_of(std::move(floor));
  compared.contenders = {eval::spread_of(std::move(value)), eval::spread_of(std::move(reference))};
  return compared;
}

constexpr std::array<const char*, 2> kNames = {"frechet", "kid"};
const ComparisonNames kSets = {{"synthetic", "noise"}, {"neck", "chest"}};

TEST(MeasuredJson, HasEachValueWithItsFloorAndTheReferencesOfTheFirstAsBefore) {
  Measured measured;
  measured.overall = {compared_of({1, 3}, {4, 6}, {8, 8}), compared_of({0, 0}, {1, 1}, {2, 2})};
  measured.per_class["chest"] = measured.overall;
  const auto json = measured_json(measured, kNames, kSets);
  EXPECT_EQ(json.at("frechet").at("value"), 5);
  EXPECT_EQ(json.at("frechet").at("floor"), 2);
  EXPECT_EQ(json.at("frechet").at("n"), 9);
  EXPECT_EQ(json.at("references").at("noise").at("value"), 8);
  EXPECT_EQ(json.at("references").at("noise").at("kid").at("value"), 2);
  EXPECT_EQ(json.at("per_class").at("chest").at("kid").at("value"), 1);
  EXPECT_FALSE(json.at("per_class").contains("neck"));
}

TEST(MeasuredJson, LeavesOutWhatCouldNotBeMeasured) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  Measured measured;
  measured.overall = {compared_of({1}, {2}, {3}), compared_of({0}, {none}, {none})};
  const auto json = measured_json(measured, kNames, kSets);
  EXPECT_FALSE(json.contains("kid"));
  EXPECT_FALSE(json.at("references").at("noise").contains("kid"));
}

TEST(MeanOf, AveragesRoundByRound) {
  Measured a, b;
  a.overall = {compared_of({0, 2}, {1, 5}, {0, 0})};
  b.overall = {compared_of({2, 4}, {5, 1}, {2, 2})};
  b.overall[0].count = 7;
  const std::array<Measured, 2> parts = {a, b};
  const eval::Compared mean = mean_of(parts).overall.at(0);
  EXPECT_EQ(mean.count, 7);
  EXPECT_EQ(mean.floor.rounds, (std::vector<double>{1, 3}));
  EXPECT_EQ(mean.contenders[0].low, 3);  // the rounds differ in opposite ways, and their mean does not
  EXPECT_EQ(mean.contenders[0].high, 3);
  EXPECT_THROW(mean_of({}), std::invalid_argument);
  b.overall = {compared_of({2}, {5}, {2})};
  const std::array<Measured, 2> uneven = {a, b};
  EXPECT_THROW(mean_of(uneven), std::invalid_argument);
}

TEST(WholeSetsJson, TellsBothNumbersAndOnlyWhatIsWanted) {
  const torch::Tensor real = torch::rand({12, 3}), synthetic = torch::rand({9, 3});
  const auto json = whole_sets_json(real, synthetic, 1, eval::wanted_measures({"kid"}));
  EXPECT_EQ(json.at("n_real"), 12);
  EXPECT_EQ(json.at("n_synthetic"), 9);
  EXPECT_TRUE(json.contains("kid"));
  EXPECT_FALSE(json.contains("frechet"));
}

}  // namespace
}  // namespace ctforge::pipeline
