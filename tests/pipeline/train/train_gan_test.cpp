// A GAN trained in place of the diffusion model, interrupted and gone on with, and samples drawn from it.
#include "pipeline/train/train_gan.h"

#include "pipeline/config/config_tree.h"
#include "pipeline/sample/generator.h"
#include "pipeline/sample/sample.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <fstream>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

ModelConfig small_gan() {
  ModelConfig model;
  model.kind = "gan";
  model.gan.channels = {8, 8};
  model.gan.style_channels = 8;
  model.gan.penalty_every = 2;
  return model;
}

Context context_in(const std::filesystem::path& folder) {
  support::write_patches(folder / "data", "train", 8);
  Context context;
  context.out = folder;
  return context;
}

TEST(TrainGan, GoesOnAsIfNeverStopped) {
  const ctforge::test::TemporaryFolder whole, broken;
  const auto expected = run_train(support::small_config(), context_in(whole.path()), small_gan());
  EXPECT_EQ(expected["gan"]["steps"], 8);
  Context context = context_in(broken.path());
  int asked = 0;
  context.interrupted = [&asked] { return ++asked == 14; };  // 8 steps of the autoencoder, then some of the game
  EXPECT_THROW(run_train(support::small_config(), context, small_gan()), Interrupted);
  context.interrupted = [] { return false; };
  const auto found = run_train(support::small_config(), context, small_gan());
  const auto a = load_generator(whole.path() / "checkpoints", torch::kCPU);
  const auto b = load_generator(broken.path() / "checkpoints", torch::kCPU);
  EXPECT_EQ(weights_sha256(*a.gan), weights_sha256(*b.gan));
  EXPECT_EQ(found["gan"]["steps"], 8);
}

TEST(TrainGan, PixelsAndLatentsGiveSamples) {
  for (const char* codec : {"identity", "autoencoder"}) {
    const ctforge::test::TemporaryFolder folder;
    TrainConfig config = support::small_config();
    config.codec = codec;
    Context context = context_in(folder.path());
    run_train(config, context, small_gan());
    SampleConfig sample;
    sample.count = 6;
    sample.class_least = 1;
    const auto record = run_sample(sample, context);
    EXPECT_EQ(record.at("count"), 6);
    const auto generator = load_generator(folder.path() / "checkpoints", torch::kCPU);
    EXPECT_TRUE(generator.is_gan());
    EXPECT_EQ(generator.method.name, "gan");
    sample.pairs = true;
    EXPECT_THROW(run_sample(sample, context), ConfigError);
  }
}

TEST(TrainGan, RefusesWhatIsADiffusionModels) {
  TrainConfig config;
  check_model({}, config);
  check_model(small_gan(), config);
  config.from = "elsewhere";
  config.augment.probability = 0.5;
  try {
    check_model(small_gan(), config);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 2U);
  }
  ModelConfig odd = small_gan();
  odd.gan.channels = {8, 8, 8};
  EXPECT_THROW(gan_config(odd, {1, 6, 6}, 2, true), ConfigError);
  odd.gan.channels = {};
  EXPECT_EQ(gan_config(odd, {1, 64, 64}, 2, true).channels, (std::vector<std::int64_t>{64, 128, 128, 128, 128}));
  EXPECT_EQ(gan_config(odd, {4, 16, 16}, 2, false).channels, (std::vector<std::int64_t>{128, 128, 128}));
}

}  // namespace
}  // namespace ctforge::pipeline
