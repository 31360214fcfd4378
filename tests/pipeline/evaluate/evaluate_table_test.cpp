// The table of two compared sets: one line a figure, whole sets in more digits.
#include "pipeline/evaluate/evaluate_pair.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(PairTable, ShowsEachMeasureWithItsFloorAndWholeSetsBeside) {
  const auto json = nlohmann::ordered_json::parse(R"({
    "distances": {"features": {"extractor": {"dimensions": 6},
      "frechet": {"value": 1.25, "interval": [1, 1.5], "n": 9, "floor": 0.5, "floor_interval": [0, 1]},
      "whole_sets": {"n_real": 20, "n_synthetic": 9, "frechet": 1.2345678, "kid": -0.001}}},
    "protocol": {"floor": "none"}})");
  const std::string table = pair_table(json);
  EXPECT_NE(table.find("1.25  [1, 1.5]"), std::string::npos) << table;
  EXPECT_NE(table.find("1.2345678"), std::string::npos) << table;
  EXPECT_NE(table.find("kid"), std::string::npos) << table;
  EXPECT_EQ(table.find("vendi"), std::string::npos) << table;
  EXPECT_THROW(pair_table(nlohmann::ordered_json::object()), nlohmann::json::exception);
}

TEST(PairTable, ShowsRadiomicsOfEachOrgan) {
  const auto json = nlohmann::ordered_json::parse(R"({"distances": {}, "protocol": {"floor": "none"},
    "radiomics": {"radiomics": {}, "organs": {"cord": {
      "frd_v0_original_filters": {"frechet": {"value": 7.5, "interval": [7, 8], "floor": 3}},
      "frd_v1_original_filters": {"log_frechet": {"value": 2.25, "interval": [2, 2.5], "floor": 1}}}}}})");
  const std::string table = pair_table(json);
  for (const char* part : {"cord", "7.5", "2.25  [2, 2.5]"}) EXPECT_NE(table.find(part), std::string::npos) << table;
}

}  // namespace
}  // namespace ctforge::pipeline
