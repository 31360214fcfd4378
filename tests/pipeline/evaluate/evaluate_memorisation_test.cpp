// The measures over the thinned sets: planted copies are told by each of them.
#include "pipeline/evaluate/evaluate_memorisation.h"

#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

nlohmann::ordered_json memorisation_of(const std::filesystem::path& out) {
  const EvaluateConfig config = test::quick_evaluation();
  const EvaluationInputs inputs = load_inputs(config, out);
  Extractors extractors = load_extractors(config, "cpu");
  const ComparedSets compared = compared_sets(inputs, {}, config, 3);
  const auto features = all_features(compared, extractors, config, CellStore(out / "cells"), test::context_of(out));
  return memorisation_json(sides_of(compared, features.at(0), inputs.train.size()), 5);
}

TEST(EvaluateMemorisation, CopiesAndFreshSamples) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const auto fresh = memorisation_of(folder.path());
  EXPECT_GT(fresh.at("authenticity").at("synthetic").get<double>(), 0.05);
  EXPECT_EQ(fresh.at("membership").at("members"), 8);
  EXPECT_EQ(fresh.at("membership").at("others"), 6);
  test::write_shards(folder / "samples", "synthetic", "SYN", 24, 1, true);  // the seed of the training patches
  const auto copied = memorisation_of(folder.path());
  EXPECT_EQ(copied.at("authenticity").at("synthetic"), 0);
  EXPECT_EQ(copied.at("distance_ratio").at("synthetic"), 0);
  EXPECT_GT(copied.at("distance_ratio").at("held_out").get<double>(), 0.2);
  EXPECT_GT(copied.at("nearer_to_training").get<double>(), 0.6);
  EXPECT_GT(copied.at("membership").at("auc").get<double>(), fresh.at("membership").at("auc").get<double>());
}

TEST(EvaluateMemorisation, ComparesSamplesWithHeldOutPatchesThatPassedTheCodecToo) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const EvaluateConfig config = test::quick_evaluation();
  const EvaluationInputs inputs = load_inputs(config, folder.path());
  Extractors extractors = load_extractors(config, "cpu");
  LossyCodec brighter{diffusion::identity_codec(16, 16, 3), "0"};
  brighter.codec.decode = [decode = brighter.codec.decode](const torch::Tensor& latents) {
    auto decoded = decode(latents);
    decoded.image = (decoded.image + 0.3).clamp(-1, 1);
    return decoded;
  };
  const ComparedSets compared = compared_sets(inputs, brighter, config, 3);
  const auto features =
      all_features(compared, extractors, config, CellStore(folder / "cells"), test::context_of(folder.path()));
  const FeatureSides sides = sides_of(compared, features.at(0), inputs.train.size());
  EXPECT_TRUE(sides.through_codec);
  EXPECT_EQ(sides.held_out_decoded.sizes(), sides.held_out.sizes());
  EXPECT_FALSE(torch::equal(sides.held_out_decoded, sides.held_out));
  const auto plain = eval::two_nearest(sides.held_out, sides.training);
  EXPECT_NE(sides.near_held_out.first, plain.first);
}

TEST(EvaluateMemorisation, TellsDistancesToEitherSideApart) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  test::write_shards(folder / "samples", "synthetic", "SYN", 24, 1, true);  // the seed of the training patches
  const auto copied = memorisation_of(folder.path()).at("frechet");
  EXPECT_LT(copied.at("to_training").get<double>(), copied.at("to_held_out").get<double>());
  EXPECT_EQ(copied.at("patients"), 6);
}

}  // namespace
}  // namespace ctforge::pipeline
