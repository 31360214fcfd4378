// The nearest-neighbour part: copies planted among the samples stand out.
#include "pipeline/evaluate/evaluate_nearest.h"

#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

nlohmann::ordered_json nearest_of(const std::filesystem::path& out, const std::optional<LossyCodec>& codec = {}) {
  const EvaluateConfig config = test::quick_evaluation();
  const EvaluationInputs inputs = load_inputs(config, out);
  Extractors extractors = load_extractors(config, "cpu");
  const ComparedSets compared = compared_sets(inputs, {}, config, 3);
  const auto features = all_features(compared, extractors, config, CellStore(out / "cells"), test::context_of(out));
  ReleaseVerdict verdict({}, sample_names(inputs.synthetic));
  auto json = nearest_json(inputs, codec, compared, features, config, 5, out / "samples", verdict);
  json["verdict"] = verdict.json();
  return json;
}

TEST(Nearest, CopiesOfTrainingPatchesStandOut) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  test::write_shards(folder / "samples", "synthetic", "SYN", 24, 1, true);  // the seed of the training patches
  const auto json = nearest_of(folder.path());
  const auto& correlation = json.at("nearest").at("correlation");
  EXPECT_EQ(correlation.at("nearer_than_95_percent_of_held_out"), 1.0);
  EXPECT_NEAR(correlation.at("synthetic").at("median").get<double>(), 1, 1e-4);
  EXPECT_LT(correlation.at("held_out").at("maximum").get<double>(), 0.99);
  EXPECT_EQ(correlation.at("held_out").at("n"), 24);
  EXPECT_EQ(json.at("nearest").at("fd_torchscript").at("nearer_than_95_percent_of_held_out"), 1.0);
  EXPECT_EQ(json.at("verdict").at("state"), "not releasable");
  EXPECT_EQ(json.at("verdict").at("copies"), 24);
  EXPECT_EQ(json.at("verdict").at("measures").size(), 2U);
  ASSERT_EQ(json.at("examples").size(), 5u);
  for (const auto& example : json.at("examples")) EXPECT_EQ(example.at("synthetic"), example.at("train"));
}

TEST(Nearest, FreshPatchesAreNoNearerThanHeldOutOnes) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const auto json = nearest_of(folder.path());
  EXPECT_LT(json.at("nearest").at("correlation").at("nearer_than_95_percent_of_held_out").get<double>(), 0.35);
}

TEST(Nearest, HeldOutPatchesPassTheCodecThatSamplesPassed) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  diffusion::Codec blank = diffusion::identity_codec(16, 16, 3);
  blank.decode = [exact = blank.decode](const torch::Tensor& latents) {
    diffusion::Decoded decoded = exact(latents);
    decoded.image = torch::zeros_like(decoded.image);
    return decoded;
  };
  const auto correlation = nearest_of(folder.path(), LossyCodec{blank, "blank"}).at("nearest").at("correlation");
  EXPECT_EQ(correlation.at("held_out").at("maximum"), 0.0);
  EXPECT_GT(correlation.at("synthetic").at("median"), 0.0);
  EXPECT_EQ(correlation.at("held_out_through_autoencoder"), true);
}

}  // namespace
}  // namespace ctforge::pipeline
