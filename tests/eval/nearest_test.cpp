// Nearest neighbours: a planted copy is found under a change of level and contrast, constant patches match nothing.
#include "eval/nearest.h"

#include "tests/eval/support.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

PatchSet random_set(std::int64_t count, std::uint64_t seed) {
  torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  const torch::Tensor hu = (torch::randn({count, 8, 8}, generator) * 100).to(torch::kInt16);
  return test::patch_set(hu, torch::zeros({count, 8, 8}, torch::kUInt8),
                         std::vector<std::int32_t>(static_cast<std::size_t>(count), 0));
}

TEST(NearestByCorrelation, FindsAPlantedCopyOfAnotherLevelAndContrast) {
  const PatchSet training = random_set(50, 1);
  const torch::Tensor all = training.all().hu;
  const torch::Tensor hu = torch::stack({all[31] * 2 + 40, random_set(1, 2).all().hu[0], torch::full_like(all[0], 5)});
  const PatchSet queries = test::patch_set(hu, torch::zeros({3, 8, 8}, torch::kUInt8), {0, 0, 0});
  const Neighbours found = nearest_by_correlation(queries, training);
  EXPECT_EQ(found.index[0], 31);
  EXPECT_NEAR(found.value[0], 1, 1e-5);
  EXPECT_LT(found.value[1], 0.6);
  EXPECT_EQ(found.value[2], 0);
}

TEST(NearestByCorrelation, EqualsTheCorrelationMatrix) {
  const PatchSet training = random_set(20, 3), queries = random_set(5, 4);
  const torch::Tensor both = torch::cat({queries.all().hu, training.all().hu}).flatten(1).to(torch::kFloat64);
  const torch::Tensor matrix = torch::corrcoef(both).narrow(0, 0, 5).narrow(1, 5, 20);
  const Neighbours found = nearest_by_correlation(queries, training);
  for (std::int64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(found.index[static_cast<std::size_t>(i)], matrix[i].argmax().item<std::int64_t>());
    EXPECT_NEAR(found.value[static_cast<std::size_t>(i)], matrix[i].max().item<double>(), 1e-5);
  }
}

TEST(TwoNearest, GiveTheNearestRowAndItsDistance) {
  const torch::Tensor training = torch::tensor({0.0F, 0.0F, 3.0F, 4.0F, 10.0F, 0.0F}).view({3, 2});
  const TwoNearest found = two_nearest(torch::tensor({3.0F, 3.0F, 8.0F, 0.0F}).view({2, 2}), training);
  EXPECT_EQ(found.index, (Indices{1, 2}));
  EXPECT_NEAR(found.first[0], 1, 1e-6);
  EXPECT_NEAR(found.first[1], 2, 1e-6);
}

TEST(TwoNearest, AreThoseOfTheDistanceMatrix) {
  torch::manual_seed(1);
  const auto training = torch::randn({400, 16}), fresh = torch::randn({400, 16});
  const auto matrix = torch::cdist(fresh.to(torch::kFloat64), training.to(torch::kFloat64));
  const auto [value, index] = matrix.topk(2, 1, false);
  const TwoNearest found = two_nearest(fresh, training);
  for (std::int64_t i = 0; i < 400; i += 37) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_NEAR(found.first[at], value[i][0].item<double>(), 1e-9);
    EXPECT_NEAR(found.second[at], value[i][1].item<double>(), 1e-9);
    EXPECT_EQ(found.index[at], index[i][0].item<std::int64_t>());
  }
  // A row's own group is passed over.
  const auto line = torch::tensor({0.0, 1.0, 5.0}).view({3, 1});
  const TwoNearest others = two_nearest(line, line, {7, 7, 8}, {7, 7, 8});
  EXPECT_EQ(others.first, (std::vector<double>{5, 4, 4}));
  EXPECT_EQ(others.index, (Indices{2, 2, 1}));
  EXPECT_TRUE(std::isinf(others.second[0]));
  EXPECT_THROW(two_nearest(line, torch::zeros({2, 2})), std::invalid_argument);
}

TEST(CloserThanHeldOut, IsAboutFivePercentForLikeAndAllForCopies) {
  std::vector<double> like, copies(10, 0.999);
  for (int i = 0; i < 1000; ++i) like.push_back(i / 2000.0);
  EXPECT_NEAR(closer_than_held_out(like, like, true), 0.05, 0.002);
  EXPECT_NEAR(closer_than_held_out(like, like, false), 0.05, 0.002);
  EXPECT_EQ(closer_than_held_out(copies, like, true), 1);
  EXPECT_TRUE(std::isnan(closer_than_held_out(copies, {}, true)));
}

TEST(Examples, BeginWithTheNearestAndReachTheFarthest) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i);
  const Indices shown = examples(values, 12, true);
  EXPECT_EQ(shown.size(), 12u);
  EXPECT_EQ(std::set<std::int64_t>(shown.begin(), shown.end()).size(), 12u);
  EXPECT_EQ(shown[0], 99);
  EXPECT_EQ(shown[5], 94);
  EXPECT_EQ(shown[11], 0);
  EXPECT_EQ(examples({1, 2}, 12, false), (Indices{0, 1}));
}

TEST(Nearest, RefusesEmptySetsAndOtherSizes) {
  const PatchSet some = random_set(2, 1);
  EXPECT_THROW(nearest_by_correlation(subset(some, {}), some), std::invalid_argument);
  EXPECT_THROW(two_nearest(torch::zeros({2, 3}), torch::zeros({2, 4})), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
