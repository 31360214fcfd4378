// Training begins with another run's generator, or says why it cannot.
#include "pipeline/train/train_origin.h"

#include "models/nets/weights.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/sample/sample.h"
#include "pipeline/train/learned_scans.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <fstream>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

bool weights_equal(const nets::UNet& a, const nets::UNet& b) {
  const auto left = nets::named_tensors(*a), right = nets::named_tensors(*b);
  for (const auto& [name, tensor] : left)
    if (!torch::equal(tensor, right.at(name))) return false;
  return true;
}

class FromAnotherRun : public ::testing::Test {
 protected:
  FromAnotherRun() {
    support::trained_in(first / "run");
    support::write_patches(second / "run" / "data", "train", 8);
    context.out = second / "run";
    config = support::small_config();
    config.from = (first / "run").string();
    config.steps = 2;
  }
  Generator second_generator() { return load_generator(second / "run" / "checkpoints", torch::kCPU); }

  ctforge::test::TemporaryFolder first, second;
  Context context;
  TrainConfig config;
};

TEST_F(FromAnotherRun, TakesTheAutoencoderAndTheWeights) {
  const Generator origin = load_generator(first / "run" / "checkpoints", torch::kCPU);
  config.learning_rate = 0;
  run_train(config, context);
  EXPECT_EQ(second_generator().autoencoder_sha256, origin.autoencoder_sha256);
  EXPECT_EQ(second_generator().scale, origin.scale);
  EXPECT_TRUE(weights_equal(second_generator().unet, origin.unet));
  EXPECT_EQ(second_generator().config.find(config.from), std::string::npos);  // a path
}

TEST_F(FromAnotherRun, TakesTheAutoencoderAlone) {
  config.from_weights = false;
  config.unet.channels = {8, 8};
  config.unet.head_dim = 4;
  run_train(config, context);
  EXPECT_EQ(second_generator().unet->config().block_out_channels.at(0), 8);
  // Such a one can guide the other.
  Context sampling = context;
  sampling.out = first / "run";
  SampleConfig sample;
  sample.count = 2;
  sample.steps = 2;
  sample.class_least = 0;
  sample.weaker = context.out.string();
  sample.guidance = 2;
  EXPECT_EQ(run_sample(sample, sampling).at("count"), 2);
}

TEST_F(FromAnotherRun, LearnsItsPairs) {
  Context sampling = context;
  sampling.out = first / "run";
  SampleConfig sample;
  sample.count = 20;
  sample.steps = 2;
  sample.class_least = 0;
  sample.guidance = 1;
  sample.pairs = true;
  run_sample(sample, sampling);
  ASSERT_TRUE(fs::exists(first / "run" / "samples" / "pairs-00000.safetensors"));
  // A lost file is drawn again.
  fs::remove(first / "run" / "samples" / "pairs-00000.safetensors");
  EXPECT_EQ(run_sample(sample, sampling).at("kept_from_before"), 0);
  config.method = "rectified_flow";
  config.pairs = (first / "run" / "samples").string();
  config.from_weights = false;
  const auto summary = run_train(config, context);
  EXPECT_EQ(summary.at("pairs").at("count"), 20);
  EXPECT_TRUE(summary.at("diffusion").contains("validation_loss"));
  sample.pairs = false;
  EXPECT_TRUE(run_sample(sample, context).contains("straightness"));
}

TEST_F(FromAnotherRun, DistilsAConsistencyModel) {
  config.method = "consistency";
  config.consistency.distil = true;
  run_train(config, context);
  SampleConfig sample;
  sample.count = 2;
  sample.steps = 2;
  sample.class_least = 0;
  sample.guidance = 1;
  EXPECT_THROW(run_sample(sample, context), ConfigError);
  sample.sampler = "consistency";
  EXPECT_EQ(run_sample(sample, context).at("count"), 2);
}

TEST_F(FromAnotherRun, RefusesWeightsThatAnswerAnotherQuestion) {
  config.method = "rectified_flow";
  EXPECT_THROW(run_train(config, context), ConfigError);
  config.from_weights = false;
  EXPECT_NO_THROW(run_train(config, context));
}

TEST_F(FromAnotherRun, RefusesAGeneratorThatHasSeenHeldOutScans) {
  write_scans(context.out / "data", {{"a"}, {}, {"b"}});
  write_learned(first / "run" / "checkpoints", {"c"});
  run_train(config, context);
  EXPECT_EQ(read_learned(context.out / "checkpoints"), (ScanSet{"a", "c"}));
  write_learned(first / "run" / "checkpoints", {"b"});
  EXPECT_THROW(run_train(config, context), ConfigError);
}

TEST_F(FromAnotherRun, IsKnownToHaveChanged) {
  const auto summary = run_train(config, context);
  EXPECT_FALSE(origin_has_changed(config, summary));
  EXPECT_FALSE(origin_has_changed(config, {}));
  fs::remove_all(first / "run" / "checkpoints");
  EXPECT_FALSE(origin_has_changed(config, summary));  // out of reach
  TrainConfig again = support::small_config();
  again.learning_rate = 1e-3;
  support::trained_in(first / "run", again);
  EXPECT_TRUE(origin_has_changed(config, summary));
}

TEST_F(FromAnotherRun, RefusesWhatDoesNotFit) {
  TrainConfig other = config;
  other.unet.channels = {8, 8};
  other.unet.head_dim = 4;
  EXPECT_THROW(run_train(other, context), ConfigError);
  other = config;
  other.codec = "identity";
  EXPECT_THROW(run_train(other, context), ConfigError);
  other = config;
  other.from = context.out.string();
  fs::create_directories(context.out / "checkpoints");
  EXPECT_THROW(run_train(other, context), ConfigError);
  fs::remove_all(context.out / "data");
  support::write_patches(context.out / "data", "train", 8, 32);
  EXPECT_THROW(run_train(config, context), ConfigError);
}

}  // namespace
}  // namespace ctforge::pipeline
