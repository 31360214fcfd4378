// The stage from shards to a generator: it learns, goes on bit for bit, refuses what does not fit.
#include "pipeline/train/train.h"

#include "io/file/fault.h"
#include "models/nets/diffusers.h"
#include "models/train/checkpoint.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/sample/draw.h"
#include "pipeline/sample/generator.h"
#include "pipeline/sample/generator_record.h"
#include "pipeline/train/train_metrics.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <memory>
#include <sstream>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

Context context_in(const fs::path& folder) {
  support::write_patches(folder / "data", "train", 16);
  support::write_patches(folder / "data", "validation", 6);
  Context context;
  context.out = folder;
  context.seed = 5;
  return context;
}

void expect_equal_weights(const fs::path& a, const fs::path& b) {
  for (const std::string prefix : {"autoencoder", "generator"}) {
    const auto first = train::CheckpointStore(a / "checkpoints", prefix).load_newest();
    const auto second = train::CheckpointStore(b / "checkpoints", prefix).load_newest();
    ASSERT_TRUE(first && second) << prefix;
    EXPECT_EQ(first->step, second->step);
    ASSERT_EQ(first->tensors.size(), second->tensors.size());
    for (const auto& [name, tensor] : first->tensors)
      EXPECT_TRUE(torch::equal(tensor, second->tensors.at(name))) << prefix << " " << name;
  }
}

// Lines without what depends on the clock.
std::vector<nlohmann::json> lines_of(const fs::path& folder) {
  std::istringstream text(ctforge::test::read_file(folder / "metrics.jsonl"));
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(text, line);) {
    lines.push_back(nlohmann::json::parse(line));
    // What another run, or the rest of a process, makes otherwise.
    for (const char* key : {"images_per_s", "elapsed_s", "time", "memory_bytes", "peak_memory_bytes"})
      lines.back().erase(key);
  }
  return lines;
}

TEST(RunTrain, GivesAGeneratorThatSamplesCanBeDrawnFrom) {
  const ctforge::test::TemporaryFolder folder;
  const Context context = context_in(folder.path());
  const auto summary = run_train(support::small_config(), context);
  EXPECT_EQ(summary["diffusion"]["steps"], 8);
  EXPECT_TRUE(summary["autoencoder"]["reconstruction"]["mask_dice"].contains("organ"));
  EXPECT_GT(summary["diffusion"]["validation_loss"].get<double>(), 0);
  const fs::path checkpoints = folder / "checkpoints";
  EXPECT_EQ(nets::load_unet(checkpoints / "unet")->config().num_class_embeds, 3);
  EXPECT_EQ(nets::load_autoencoder(checkpoints / "autoencoder")->config().in_channels, 3);
  const Generator generator = load_generator(checkpoints, torch::kCPU);
  EXPECT_EQ(generator.step, 8);
  EXPECT_EQ(generator.checkpoint_sha256, summary["diffusion"]["checkpoint_sha256"].get<std::string>());
  SampleConfig sampling;
  sampling.steps = 3;
  const auto drawn = draw_samples(sampling, generator, network(generator), 1, {{0, 0}, {1, 1}});
  ASSERT_TRUE(drawn);
  EXPECT_EQ(drawn->decoded.image.sizes(), (at::IntArrayRef{2, 1, 16, 16}));
  EXPECT_LT(drawn->decoded.mask.max().item<int>(), 2);
}

TEST(RunTrain, TheAutoencoderListensToADiscriminatorFromItsStepOn) {
  TrainConfig config = support::small_config();
  config.autoencoder.adversarial_weight = 0.5;
  config.autoencoder.adversarial_channels = 8;
  config.autoencoder.adversarial_start = 7;  // of 8
  const auto loss = [&config] {
    const ctforge::test::TemporaryFolder folder;
    support::write_patches(folder / "data", "train", 8, 64);
    Context context;
    context.out = folder.path();
    run_train(config, context);
    EXPECT_NE(ctforge::test::read_file(folder / "metrics.jsonl").find("\"discriminator\""), std::string::npos);
    return weights_sha256(*nets::load_autoencoder(folder / "checkpoints" / "autoencoder"));
  };
  const std::string late = loss();
  EXPECT_EQ(loss(), late);
  config.autoencoder.adversarial_start = 2;
  EXPECT_NE(loss(), late);
}

TEST(RunTrain, LearnsFromMovedCopiesWithEitherCodec) {
  for (const char* codec : {"autoencoder", "identity"}) {
    const ctforge::test::TemporaryFolder folder;
    TrainConfig config = support::small_config();
    config.codec = codec;
    config.augment.probability = 0.5;
    if (config.codec == "autoencoder") config.augment.copies = 2;
    const Context context = support::trained_in(folder.path(), config);
    EXPECT_EQ(fs::exists(folder / "checkpoints" / "latents-moved-1.safetensors"), std::string(codec) == "autoencoder");
    const Generator generator = load_generator(folder / "checkpoints", torch::kCPU);
    EXPECT_TRUE(draw_samples({}, generator, network(generator), 1, {{0, 0}}).has_value());
  }
}

TEST(RunTrain, GoesOnBitForBitWhereverItWasInterrupted) {
  const ctforge::test::TemporaryFolder whole, parts;
  run_train(support::small_config(), context_in(whole.path()));
  Context context = context_in(parts.path());
  auto asked = std::make_shared<int>(0);
  int interruptions = 0;
  for (bool done = false; !done;) {
    // Each attempt is stopped a little later than the one before it got going: in both phases and in between.
    *asked = 0;
    context.interrupted = [asked] { return ++*asked > 4; };
    if (interruptions > 20) FAIL() << "no end";
    try {
      run_train(support::small_config(), context);
      done = true;
    } catch (const Interrupted& stopped) {
      EXPECT_EQ(stopped.stage, "train");
      ++interruptions;
    }
  }
  EXPECT_GE(interruptions, 3);
  expect_equal_weights(whole.path(), parts.path());
  EXPECT_EQ(lines_of(whole.path()), lines_of(parts.path()));
}

TEST(RunTrain, FindsFinishedWorkDone) {
  const ctforge::test::TemporaryFolder folder;
  const Context context = context_in(folder.path());
  const auto first = run_train(support::small_config(), context);
  const auto lines = lines_of(folder.path());
  EXPECT_EQ(run_train(support::small_config(), context), first);
  EXPECT_EQ(lines_of(folder.path()), lines);
}

TEST(RunTrain, DiffusesPixelsWithoutAnAutoencoderUnderTheCosineSchedule) {
  const ctforge::test::TemporaryFolder folder;
  const Context context = context_in(folder.path());
  TrainConfig config = support::small_config();
  config.codec = "identity";
  config.method = "ddpm";
  config.precision = "fp32";
  config.jitter = 2;
  const auto summary = run_train(config, context);
  EXPECT_FALSE(summary.contains("autoencoder"));
  const Generator generator = load_generator(folder / "checkpoints", torch::kCPU, {.averaged = false});
  EXPECT_TRUE(generator.parametrisation.path.discrete());
  EXPECT_EQ(generator.latent_shape, (std::array<std::int64_t, 3>{2, 16, 16}));
  EXPECT_FALSE(generator.bf16);
  // Image +-0.6 with a few pixels of the other sign, bits of +-1 of which 1 in 16 is set.
  EXPECT_NEAR(generator.parametrisation.sigma_data, summary["sigma_data"].get<double>(), 1e-12);
  EXPECT_NEAR(summary["sigma_data"].get<double>(), 0.70, 0.05);
}

TEST(RunTrain, RefusesAnotherConfigurationOrOtherData) {
  const ctforge::test::TemporaryFolder folder;
  const Context context = context_in(folder.path());
  run_train(support::small_config(), context);
  TrainConfig other = support::small_config();
  other.learning_rate *= 2;
  try {
    run_train(other, context);
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::OtherConfiguration);
    EXPECT_NE(std::string(error.what()).find("learning_rate"), std::string::npos);
  }
  other = support::small_config();
  other.log_every = 3;  // changes nothing that was learned
  other.steps = 9;
  EXPECT_EQ(run_train(other, context)["diffusion"]["steps"], 9);
  support::write_patches(folder / "data", "train", 18);
  EXPECT_THROW(run_train(support::small_config(), context), io::DataError);
}

TEST(RunTrain, RefusesWhatDoesNotFitBeforeAnyWork) {
  const ctforge::test::TemporaryFolder folder;
  const Context context = context_in(folder.path());
  TrainConfig config = support::small_config();
  config.unet.attention = {1};
  EXPECT_THROW(run_train(config, context), ConfigError);
  config = support::small_config();
  config.unet.channels = {16, 16, 16, 16, 16};
  config.unet.attention = {0, 0, 0, 0, 0};
  EXPECT_THROW(run_train(config, context), ConfigError);
  config = support::small_config();
  config.precision = "fp16";
  EXPECT_THROW(run_train(config, context), ConfigError);
  EXPECT_FALSE(fs::exists(folder / "checkpoints"));
  Context empty;
  empty.out = folder / "nothing";
  EXPECT_THROW(run_train(support::small_config(), empty), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
