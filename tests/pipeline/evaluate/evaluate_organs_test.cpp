// HU under the masks: a shift of all HU is seen, which a distance on features hardly sees.
#include "pipeline/evaluate/evaluate_organs.h"

#include "eval/features.h"
#include "eval/frechet.h"
#include "models/nets/lite0.h"
#include "tests/eval/support.h"
#include "tests/support/support.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

eval::PatchSet shifted(const eval::PatchSet& set, int hu) {
  eval::PatchSet moved = set;
  moved.pixels = [fetch = set.pixels, hu](std::span<const std::int64_t> indices) {
    const eval::Pixels pixels = fetch(indices);
    return eval::Pixels{(pixels.hu + hu).to(torch::kInt16), pixels.mask};
  };
  return moved;
}

ComparedSets compared_of(const eval::PatchSet& real, const eval::PatchSet& synthetic) {
  ComparedSets compared;
  compared.real = real;
  compared.names = {"synthetic"};
  compared.sets = {synthetic};
  const std::vector<eval::Contender> contenders = {{"synthetic", synthetic.class_index, synthetic.size()}};
  compared.plan = eval::plan_comparison(real, contenders, 4, 1);
  return compared;
}

TEST(Organs, ShowAShiftOfAllHuFarAboveTheFloor) {
  const eval::PatchSet real = test::shapes(64, 24, 1), synthetic = test::shapes(40, 24, 2);
  const auto same = organs_json(compared_of(real, synthetic)),
             moved = organs_json(compared_of(real, shifted(synthetic, 30)));
  ASSERT_EQ(same.size(), 2u);
  for (const auto& [organ, entry] : moved.items()) {
    const auto& distance = entry.at("wasserstein1_hu");
    EXPECT_GT(distance.at("value").get<double>(), 5 * distance.at("floor").get<double>()) << organ;
    EXPECT_NEAR(distance.at("value").get<double>(), 30, 3) << organ;
    EXPECT_NEAR(entry.at("mean_difference_hu").at("value").get<double>() -
                    same.at(organ).at("mean_difference_hu").at("value").get<double>(),
                30, 1e-9)
        << organ;
    EXPECT_NEAR(entry.at("sd_difference_hu").at("value").get<double>(),
                same.at(organ).at("sd_difference_hu").at("value").get<double>(), 1e-9);
    EXPECT_LT(same.at(organ).at("wasserstein1_hu").at("value").get<double>(), 3);
  }
}

TEST(Organs, WithoutVoxelsOnASideAreLeftOut) {
  const eval::PatchSet real = test::shapes(32, 16, 1);
  eval::PatchSet synthetic = test::shapes(24, 16, 2);
  synthetic.pixels = [fetch = synthetic.pixels](std::span<const std::int64_t> indices) {
    const eval::Pixels pixels = fetch(indices);
    return eval::Pixels{pixels.hu, pixels.mask * (pixels.mask == 1)};
  };
  const auto json = organs_json(compared_of(real, synthetic));
  EXPECT_EQ(json.size(), 1u);
  synthetic.labels.pop_back();
  EXPECT_TRUE(organs_json(compared_of(real, synthetic)).empty());
}

// The features of EfficientNet-Lite0 beside it: the reason why HU are measured by themselves.
TEST(Organs, SeeWhatFeaturesHardlySee) {
  const char* given = std::getenv("CTFORGE_LITE0");
  const std::filesystem::path weights =
      given != nullptr ? std::filesystem::path(given) : test::source_dir() / ".deps" / nets::kLite0FileName;
  if (!std::filesystem::exists(weights)) GTEST_SKIP() << "the weights of EfficientNet-Lite0 are not here";
  const auto extractor = eval::lite0_extractor(weights, torch::kCPU);
  const eval::PatchSet real = test::shapes(20, 32, 1), synthetic = test::shapes(20, 32, 2);
  const auto features = [&](const eval::PatchSet& set) {
    return eval::extract(*extractor, set, 20, [](std::int64_t) {});
  };
  const torch::Tensor reference = features(real);
  const double same = eval::frechet_distance(features(synthetic), reference);
  const double moved = eval::frechet_distance(features(shifted(synthetic, 30)), reference);
  EXPECT_LT(moved, 1.2 * same);
  const auto hu = [&](const eval::PatchSet& set) {
    return organs_json(compared_of(real, set)).begin().value().at("wasserstein1_hu").at("value").get<double>();
  };
  EXPECT_GT(hu(shifted(synthetic, 30)), 5 * hu(synthetic));
}

}  // namespace
}  // namespace ctforge::pipeline
