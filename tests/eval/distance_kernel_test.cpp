// Bounds of distances in float32, exact ones, and candidates that settle nothing.
#include "eval/distance_kernel.h"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(ExactSquaredDistance, IsSymmetricAndZeroOfEqualRows) {
  const std::vector<double> rows = {1, 2, 3, 4, 5, 1.5, 2, 3, 4, 5, 1, 2, 3, 4, 5};
  const RowsView view{.twice = rows.data(), .count = 3, .dimensions = 5};
  EXPECT_EQ(exact_squared_distance(view, 0, view, 1), 0.25);
  EXPECT_EQ(exact_squared_distance(view, 1, view, 0), 0.25);
  EXPECT_EQ(exact_squared_distance(view, 0, view, 2), 0);
}

TEST(DistanceErrorBound, GrowsWithTheLengthOfTheSum) {
  EXPECT_GT(distance_error_bound(2048), distance_error_bound(64));
  EXPECT_NEAR(distance_error_bound(2048), 1.24e-4, 1e-6);
}

// Four points on a line, 0, 1, 3 and 7.
class Line : public ::testing::Test {
 protected:
  std::vector<float> rows_ = {0, 1, 3, 7};
  std::vector<float> norms_ = {0, 1, 9, 49};
  std::vector<float> products_ = {0, 0, 0, 0, 0, 1, 3, 7, 0, 3, 9, 21, 0, 7, 21, 49};
  RowsView view_{.single = rows_.data(), .norms = norms_.data(), .count = 4, .dimensions = 1};
};

TEST_F(Line, OffersNeighboursInOrderAndNeverTheRowItself) {
  std::vector<double> bound(8, kInfinite);
  std::vector<std::int64_t> index(8, -1);
  offer_tile(view_, products_.data(), 0, 4, 0, 4, {bound.data(), index.data(), 2});
  EXPECT_EQ(index, (std::vector<std::int64_t>{1, 2, 0, 2, 1, 0, 2, 1}));
  for (std::size_t i = 0; i < 4; ++i) {
    const double distance = rows_[i] - rows_[static_cast<std::size_t>(index[2 * i])];
    EXPECT_LE(bound[2 * i], distance * distance);
  }
}

TEST_F(Line, OffersTheSameByATileAndItsMirror) {
  const std::vector<float> off_diagonal = {0, 0, 3, 7};  // rows 0 and 1 with rows 2 and 3
  std::vector<double> bound(8, kInfinite), mirrored = bound;
  std::vector<std::int64_t> index(8, -1), mirrored_index = index;
  offer_mirrored_tile(view_, off_diagonal.data(), 0, 2, 2, 2, {mirrored.data(), mirrored_index.data(), 2});
  const std::vector<float> below = {0, 3, 0, 7};  // rows 2 and 3 with rows 0 and 1
  offer_tile(view_, below.data(), 2, 2, 0, 2, {bound.data(), index.data(), 2});
  EXPECT_EQ(mirrored, bound);
  EXPECT_EQ(mirrored_index, index);
  EXPECT_EQ(index, (std::vector<std::int64_t>{-1, -1, -1, -1, 1, 0, 1, 0}));
}

TEST_F(Line, DoesNotTrustCandidatesWhoseBoundsLeaveItOpen) {
  // A bound of 4 kept out the true neighbours of row 3 at 16 and 36: candidate 0, at 49, must not be believed.
  std::vector<double> bound = {1, 9, 1, 4, 4, 9, 4, 4};
  std::vector<std::int64_t> index = {1, 2, 0, 2, 1, 0, 0, 0};
  std::vector<double> squared(4);
  exact_neighbours(view_, {bound.data(), index.data(), 2}, 1, squared.data());
  EXPECT_EQ(squared, (std::vector<double>{1, 1, 4, 16}));
}

TEST_F(Line, CountsByTheConventionOfEachScore) {
  // Synthetic rows at 1 and 5; balls of real rows: squared radii 1 and 4, strict for density, closed for precision.
  const std::vector<float> synthetic = {1, 5}, norms = {1, 25};
  const std::vector<float> products = {0, 0, 1, 5, 3, 15, 7, 35};
  const RowsView other{.single = synthetic.data(), .norms = norms.data(), .count = 2, .dimensions = 1};
  const std::vector<double> manifold(4, 1), density(4, 4), theirs = {0, 4};
  std::vector<std::int64_t> inside(4, 0);
  std::vector<std::uint8_t> recalled(4, 0), precise(2, 0);
  cover_tile(view_, other, products.data(), 0, 4, 0, 2,
             {manifold.data(), density.data(), theirs.data(), inside.data(), recalled.data(), precise.data()});
  EXPECT_EQ(inside, (std::vector<std::int64_t>{1, 1, 0, 0}));    // 3 and 7 lie 2 from 5: not strictly nearer
  EXPECT_EQ(recalled, (std::vector<std::uint8_t>{0, 1, 1, 1}));  // 1 by a ball of no size, 3 and 7 on the rim
  EXPECT_EQ(precise, (std::vector<std::uint8_t>{1, 0}));
}

}  // namespace
}  // namespace ctforge::eval
