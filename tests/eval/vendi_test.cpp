// The Vendi score against vendi-score's, and where its value is plain.
#include "eval/vendi.h"

#include "tests/eval/support.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::eval {
namespace {

TEST(VendiScore, EqualsVendiScoresOnBothSides) {
  for (const auto& pair : test::oracle().at("pairs")) {  // 40 rows of 6, 30 rows of 40
    const torch::Tensor y = test::formula_rows(pair.at("n"), pair.at("d"), 0.4, pair.at("offset"));
    EXPECT_NEAR(vendi_score(y), pair.at("vendi").get<double>(), 1e-9);
  }
}

TEST(VendiScore, CountsDirections) {
  const torch::Tensor three = torch::eye(3, torch::kFloat32);
  EXPECT_NEAR(vendi_score(three), 3, 1e-6);
  EXPECT_NEAR(vendi_score(torch::cat({three, 2 * three, 5 * three})), 3, 1e-6);
  EXPECT_NEAR(vendi_score(torch::ones({7, 3})), 1, 1e-6);
  // Half of the rows one way, half the other: exp(entropy of 1/2, 1/2).
  EXPECT_NEAR(vendi_score(three.narrow(0, 0, 2).repeat({4, 1})), 2, 1e-6);
}

TEST(VendiScore, RefusesRowsWithoutADirection) {
  EXPECT_THROW(vendi_score(torch::zeros({3, 2})), std::invalid_argument);
  EXPECT_THROW(vendi_score(torch::zeros({3})), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
