// Radiomics of shapes: like their floor, unlike noise; of an organ, what is wrong with that organ alone.
#include "pipeline/evaluate/evaluate_radiomics.h"

#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

EvaluateConfig few_per_class() {
  EvaluateConfig config = test::quick_evaluation();
  config.per_class_least = 10;
  return config;
}

ComparedSets shape_sets(const std::filesystem::path& out) {
  test::write_run(out);
  return compared_sets(load_inputs(few_per_class(), out), {}, few_per_class(), 3);
}

TEST(Radiomics, OfTheSameShapesAreNearTheirFloorAndNoiseIsFar) {
  const test::TemporaryFolder folder;
  const ComparedSets sets = shape_sets(folder.path());
  const ordered_json json = radiomics_json(sets, few_per_class(), test::context_of(folder.path()));
  const ordered_json& first = json.at("radiomics").at("frd_v0_original_filters");
  EXPECT_LT(first.at("frechet").at("value").get<double>(), 3 * first.at("frechet").at("floor").get<double>());
  EXPECT_GT(first.at("references").at("noise").at("value").get<double>(),
            5 * first.at("frechet").at("value").get<double>());
  const ordered_json& second = json.at("radiomics").at("frd_v1_original_filters");
  EXPECT_GT(second.at("references").at("noise").at("value").get<double>(),
            second.at("log_frechet").at("value").get<double>());
  EXPECT_EQ(json.at("features").size(), 93u);
}

TEST(Radiomics, StopWhenInterrupted) {
  const test::TemporaryFolder folder;
  const ComparedSets sets = shape_sets(folder.path());
  Context context = test::context_of(folder.path());
  context.interrupted = [] { return true; };
  EXPECT_THROW(radiomics_json(sets, few_per_class(), context), Interrupted);
}

TEST(Radiomics, OfAnOrganTellWhichOneIsWrong) {
  const test::TemporaryFolder folder;
  ComparedSets sets = shape_sets(folder.path());
  const auto of = [&](const char* organ) {
    const ordered_json organs = radiomics_json(sets, few_per_class(), test::context_of(folder.path())).at("organs");
    return organs.at(organ).at("frd_v1_original_filters").at("log_frechet").at("value").get<double>();
  };
  const double disc = of("disc"), square = of("square");
  // Squares of six rows lose the lower two: their shape is another, HU and all of the disc stay.
  sets.sets[0].pixels = [whole = sets.sets[0].pixels](std::span<const std::int64_t> indices) {
    eval::Pixels pixels = whole(indices);
    pixels.mask = pixels.mask.clone();
    for (std::int64_t i = 0; i < pixels.mask.size(0); ++i) {
      const torch::Tensor rows = (pixels.mask[i] == 2).any(1).nonzero().squeeze(1);
      if (rows.numel() < 6) continue;
      const std::int64_t from = rows[rows.numel() - 2].item<std::int64_t>();
      torch::Tensor low = pixels.mask[i].narrow(0, from, pixels.mask.size(1) - from);
      low.masked_fill_(low == 2, 0);
    }
    return pixels;
  };
  EXPECT_NEAR(of("disc"), disc, 1e-9);
  EXPECT_GT(of("square"), square + 0.1);
}

TEST(Radiomics, OfAnOrganThatTooFewPatchesShowAreLeftOut) {
  const test::TemporaryFolder folder;
  EvaluateConfig config = few_per_class();
  config.per_class_least = 1'000'000;
  const ordered_json json = radiomics_json(shape_sets(folder.path()), config, test::context_of(folder.path()));
  EXPECT_TRUE(json.at("organs").empty());
  EXPECT_GT(json.at("organs_left_out").at("disc").at("patches").get<std::int64_t>(), 0);
  EXPECT_EQ(json.at("shape_features").size(), 9u);
}

TEST(Radiomics, OfOrgansNeedTheSameLabelsOnBothSides) {
  const test::TemporaryFolder folder;
  ComparedSets sets = shape_sets(folder.path());
  sets.sets[0].labels.back() = "another";
  const ordered_json json = radiomics_json(sets, few_per_class(), test::context_of(folder.path()));
  EXPECT_TRUE(json.at("organs").empty());
  EXPECT_TRUE(json.at("organs_left_out").empty());
  EXPECT_TRUE(json.at("radiomics").contains("frd_v1_original_filters"));
}

}  // namespace
}  // namespace ctforge::pipeline
