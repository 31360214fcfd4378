// Raw samples of a folder's network are what the solver makes of the noise given.
#include "pipeline/sample/sample_folder.h"

#include "io/file/fault.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"
#include "pipeline/config/config_tree.h"
#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <torch/types.h>

namespace ctforge::pipeline {
namespace {

class SampleFolder : public ::testing::Test {
 protected:
  SampleFolder() {
    torch::manual_seed(1);
    nets::save_diffusers(nets::UNet(shape), folder / "unet");
    noise = torch::randn({2, 2, 8, 8});
    write_noise({{"noise", noise}});
    context.out = folder / "run";
  }
  void write_noise(const nets::NamedTensors& tensors) { nets::save_tensors(folder / "noise.safetensors", tensors, {}); }
  torch::Tensor drawn() {
    run_sample_folder(config, training, context, folder.path(), folder / "noise.safetensors");
    return nets::load_tensors(folder / "run" / "samples" / "raw.safetensors").tensors.at("sample");
  }

  nets::UNetConfig shape = {.sample_size = 8,
                            .in_channels = 2,
                            .out_channels = 2,
                            .down_block_types = {nets::LevelType::Plain},
                            .up_block_types = {nets::LevelType::Plain},
                            .block_out_channels = {8},
                            .layers_per_block = 1,
                            .attention_head_dim = 8,
                            .norm_num_groups = 4};
  ctforge::test::TemporaryFolder folder;
  torch::Tensor noise;
  Context context;
  SampleConfig config;
  TrainConfig training;
};

TEST_F(SampleFolder, OneStepOfTheFlowIsWhatTheNetworkSays) {
  config.sampler = "euler";
  config.steps = 1;
  training.method = "rectified_flow";
  nets::UNet net = nets::load_unet(folder / "unet");
  const torch::NoGradGuard no_grad;
  const auto expected = noise - net->forward(noise, torch::full({2}, 1000.0));
  EXPECT_TRUE(torch::allclose(drawn(), expected, 0, 1e-5));
  // The folder's own scheduler says otherwise, and counts.
  std::filesystem::create_directories(folder / "scheduler");
  ctforge::test::write_file(folder / "scheduler" / "scheduler_config.json",
                            R"({"_class_name": "EDMEulerScheduler", "sigma_data": 0.5})");
  EXPECT_FALSE(torch::allclose(drawn(), expected, 0, 1e-2));
}

TEST_F(SampleFolder, TakesTheNoiseOfEveryStep) {
  config.sampler = "ddpm";
  config.steps = 3;
  training.method = "ddpm";
  EXPECT_THROW(drawn(), io::DataError);
  write_noise({{"noise", noise}, {"step_noise", torch::zeros({3, 2, 2, 8, 8})}});
  const auto without = drawn();
  write_noise({{"noise", noise}, {"step_noise", torch::ones({3, 2, 2, 8, 8})}});
  EXPECT_FALSE(torch::allclose(drawn(), without, 0, 1e-3));
  write_noise({{"noise", noise}, {"step_noise", torch::ones({1, 2, 2, 8, 8})}});
  EXPECT_THROW(drawn(), io::DataError);
}

TEST_F(SampleFolder, RefusesWhatDoesNotFit) {
  write_noise({{"noisy", noise}});
  EXPECT_THROW(drawn(), io::DataError);
  write_noise({{"noise", torch::zeros({2, 3, 8, 8})}});
  EXPECT_THROW(drawn(), io::DataError);
  write_noise({{"noise", noise}, {"labels", torch::zeros({2}, torch::kInt64)}});
  EXPECT_THROW(drawn(), io::DataError);  // the network knows no classes
  write_noise({{"noise", noise}});
  training.method = "ddpm";
  training.learned_variance = true;
  EXPECT_THROW(drawn(), io::DataError);
  training = {};
  config.eta = 0.5;
  EXPECT_THROW(drawn(), ConfigError);
  EXPECT_THROW(run_sample_folder({}, {}, context, folder / "nothing", folder / "noise.safetensors"), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
