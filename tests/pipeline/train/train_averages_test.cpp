// Averages are put aside while training goes on, and give one of any length afterwards.
#include "pipeline/train/train_averages.h"

#include "io/file/fault.h"
#include "models/train/power_ema.h"
#include "pipeline/sample/generator.h"
#include "pipeline/sample/sample.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Averages, ArePutAsideEvenlyAndMakeASampleOfAnyLength) {
  const ctforge::test::TemporaryFolder folder;
  TrainConfig config = support::small_config();
  config.ema_lengths = {0.05, 0.12345};
  config.ema_snapshots = 4;
  const Context context = support::trained_in(folder.path(), config, 8);
  EXPECT_EQ(names_in(folder / "checkpoints" / "averages"),
            (std::vector<std::string>{"0.05-000000002.safetensors", "0.05-000000004.safetensors",
                                      "0.05-000000006.safetensors", "0.05-000000008.safetensors",
                                      "0.12345-000000002.safetensors", "0.12345-000000004.safetensors",
                                      "0.12345-000000006.safetensors", "0.12345-000000008.safetensors"}));
  const auto checkpoints = folder / "checkpoints";
  // The length of a stored one is that one.
  const Generator same = load_generator(checkpoints, torch::kCPU, {true, 0.12345});
  const auto stored = nets::load_tensors(checkpoints / "averages" / "0.12345-000000008.safetensors").tensors;
  for (const auto& [name, tensor] : nets::named_tensors(*same.unet))
    EXPECT_TRUE(torch::allclose(tensor, stored.at(name), 1e-4, 1e-5)) << name;
  SampleConfig sample;
  sample.count = 2;
  sample.steps = 2;
  sample.class_least = 0;
  sample.ema_length = 0.15;
  EXPECT_EQ(run_sample(sample, context).at("count"), 2);
}

TEST(Averages, OfAnotherTrainingAreNotUsed) {
  const ctforge::test::TemporaryFolder folder;
  TrainConfig config = support::small_config();
  config.ema_lengths = {0.1};
  torch::nn::Linear module(2, 2);
  train::TrainerOptions options;
  options.power_lengths = config.ema_lengths;
  const train::Trainer trainer(*module, options, std::nullopt);
  const Averages averages(folder.path(), config, "one");
  averages.put_aside(trainer, config.steps);
  EXPECT_EQ(average_of_length(folder.path(), 0.1, config.steps, "one").size(), 2U);
  EXPECT_THROW(average_of_length(folder.path(), 0.1, config.steps, "other"), io::DataError);
  EXPECT_THROW(average_of_length(folder.path(), 0.1, config.steps - 1, "one"), io::DataError);
  averages.put_aside_last(trainer, config.steps);  // is there
  EXPECT_EQ(names_in(folder.path()).size(), 1U);
  averages.put_aside_last(trainer, 1);  // a time limit came before any was due
  EXPECT_EQ(names_in(folder.path()).size(), 2U);
  averages.put_aside_last(trainer, 0);
  EXPECT_EQ(names_in(folder.path()).size(), 2U);
  averages.cut(config.steps);
  EXPECT_EQ(names_in(folder.path()).size(), 2U);
  averages.cut(1);
  EXPECT_EQ(names_in(folder.path()).size(), 1U);
  averages.cut(0);
  EXPECT_TRUE(names_in(folder.path()).empty());
}

}  // namespace
}  // namespace ctforge::pipeline
