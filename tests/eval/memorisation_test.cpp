// Sets that copy, that are new, and that cannot be told apart, on features drawn from one normal distribution.
#include "eval/memorisation.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

struct Sets {
  torch::Tensor training, held_out, fresh, copies;
  std::vector<std::int32_t> patients;  // of training and of held_out: four rows each

  Sets() {
    torch::manual_seed(1);
    training = torch::randn({400, 16});
    held_out = torch::randn({400, 16});
    fresh = torch::randn({400, 16});
    copies = training + 0.05 * torch::randn({400, 16});
    for (std::int32_t i = 0; i < 400; ++i) patients.push_back(i / 4);
  }
};

TEST(Memorisation, TellsCopiesFromNewRows) {
  const Sets sets;
  const TwoNearest of_training = two_nearest(sets.training, sets.training, sets.patients, sets.patients);
  const auto authentic = [&](const torch::Tensor& rows) {
    return authenticity(two_nearest(rows, sets.training), of_training);
  };
  const double of_held_out = authentic(sets.held_out);
  EXPECT_GT(of_held_out, 0.5);
  EXPECT_NEAR(authentic(sets.fresh), of_held_out, 0.08);
  EXPECT_EQ(authentic(sets.copies), 0);

  const auto ratio = [&](const torch::Tensor& rows) {
    const auto all = distance_ratios(two_nearest(rows, sets.training));
    return torch::tensor(all).mean().item<double>();
  };
  EXPECT_GT(ratio(sets.fresh), 0.85);
  EXPECT_LT(ratio(sets.copies), 0.15);

  EXPECT_NEAR(nearer_to_training(sets.training, sets.held_out, sets.fresh, 3), 0.5, 0.08);
  EXPECT_EQ(nearer_to_training(sets.training, sets.held_out, sets.copies, 3), 1);

  EXPECT_LT(std::abs(copying_statistic(sets.training, sets.held_out, sets.fresh, 5)), 1.5);
  EXPECT_LT(copying_statistic(sets.training, sets.held_out, sets.copies, 5), -5);
  EXPECT_GT(copying_statistic(sets.training, sets.held_out, 1.5 * sets.fresh, 5), 3);
}

TEST(Memorisation, MembershipIsSeenOfThoseWhoWereCopied) {
  const Sets sets;
  const auto of = [&](const torch::Tensor& generated) {
    return membership_auc(sets.training, sets.patients, sets.held_out, sets.patients, generated, 200, 9);
  };
  const MembershipAuc fresh = of(sets.fresh), copied = of(sets.copies);
  EXPECT_LT(fresh.low, 0.5);
  EXPECT_GT(fresh.high, 0.5);
  EXPECT_EQ(copied.auc, 1);
  EXPECT_EQ(copied.members, 100);
  EXPECT_EQ(copied.others, 100);
}

TEST(Memorisation, AreaUnderTheCurveByHand) {
  EXPECT_DOUBLE_EQ(auc_of({3, 4}, {1, 2}), 1);
  EXPECT_DOUBLE_EQ(auc_of({1, 3}, {2, 2}), 0.5);
  EXPECT_DOUBLE_EQ(auc_of({2, 3}, {1, 2}), 0.875);  // 3 pairs won, one tied
  EXPECT_THROW(auc_of({}, {1}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
