// A generator goes out to folders of diffusers and comes back the same.
#include "pipeline/interchange/interchange.h"

#include "io/file/fault.h"
#include "models/diffusion/solve.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/sample/sample.h"
#include "pipeline/sample/sample_folder.h"
#include "pipeline/sample/sampler.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

TEST(Interchange, GoesRoundForEveryCodecAndMethod) {
  for (const char* codec : {"autoencoder", "identity"}) {
    for (const char* method : {"edm", "ddpm", "rectified_flow", "consistency"}) {
      SCOPED_TRACE(std::string(codec) + " " + method);
      const ctforge::test::TemporaryFolder folder;
      TrainConfig config = support::small_config();
      config.codec = codec;
      config.method = method;
      const Context context = support::trained_in(folder / "run", config);
      export_generator({folder / "run", folder / "out", {}, "cpu"});
      EXPECT_TRUE(fs::exists(folder / "out" / "unet" / "config.json"));
      EXPECT_EQ(fs::exists(folder / "out" / "vae"), std::string(codec) == "autoencoder");
      EXPECT_TRUE(fs::exists(folder / "out" / "scheduler" / "scheduler_config.json"));
      import_generator({folder / "out", {}, folder / "again"});
      const Generator before = load_generator(folder / "run" / "checkpoints", torch::kCPU);
      const Generator after = load_generator(folder / "again" / "checkpoints", torch::kCPU);
      const auto expected = nets::named_tensors(*before.unet);
      for (const auto& [name, tensor] : nets::named_tensors(*after.unet))
        EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << name;
      EXPECT_EQ(after.patches.classes, before.patches.classes);
      EXPECT_EQ(after.step, before.step);
      for (std::size_t c = 0; c < before.shift.size(); ++c) {
        EXPECT_NEAR(after.shift.at(c), before.shift[c], 1e-12);
        EXPECT_NEAR(after.scale.at(c), before.scale[c], 1e-9 * before.scale[c]);
      }
      Context sampling = context;
      sampling.out = folder / "again";
      SampleConfig sample;
      sample.count = 2;
      sample.steps = 2;
      sample.guidance = 1;
      if (std::string(method) == "consistency") sample.sampler = "consistency";
      EXPECT_EQ(run_sample(sample, sampling).at("count"), 2);
      // A generator that is there already is not overwritten.
      EXPECT_THROW(import_generator({folder / "out", {}, folder / "again"}), ConfigError);
    }
  }
}

TEST(Interchange, TellsDiffusersHowLatentsAreStandardised) {
  const ctforge::test::TemporaryFolder folder;
  support::trained_in(folder / "run");
  export_generator({folder / "run", folder / "out", {}, "cpu"});
  const Generator generator = load_generator(folder / "run" / "checkpoints", torch::kCPU);
  const auto told = nets::load_autoencoder(folder / "out" / "vae")->config();
  EXPECT_EQ(told.scaling_factor, 1);
  ASSERT_EQ(told.latents_mean.size(), generator.shift.size());
  for (std::size_t c = 0; c < generator.shift.size(); ++c) {
    EXPECT_NEAR(told.latents_mean[c], generator.shift[c], 1e-12);
    EXPECT_NEAR(told.latents_std[c] * generator.scale[c], 1, 1e-12);
  }
}

TEST(Interchange, RefusesANetworkThatLearnedSomethingElse) {
  const ctforge::test::TemporaryFolder folder;
  TrainConfig config = support::small_config();
  config.codec = "identity";
  config.method = "ddpm";
  config.target = "noise";
  support::trained_in(folder / "run", config);
  export_generator({folder / "run", folder / "out", {}, "cpu"});
  const fs::path scheduler = folder / "out" / "scheduler" / "scheduler_config.json";
  const std::string text = ctforge::test::read_file(scheduler);
  int number = 0;
  for (const auto& [from, to] : {std::pair{"\"epsilon\"", "\"v_prediction\""},
                                 {"squaredcos_cap_v2", "linear"},
                                 {"\"num_train_timesteps\": 1000", "\"num_train_timesteps\": 500"}}) {
    std::string other = text;
    ASSERT_NE(other.find(from), std::string::npos) << from;
    other.replace(other.find(from), std::string(from).size(), to);
    ctforge::test::write_file(scheduler, other);
    EXPECT_THROW(import_generator({folder / "out", {}, folder / ("again" + std::to_string(number++))}), io::DataError)
        << to;
  }
  ctforge::test::write_file(scheduler, text);
  EXPECT_NO_THROW(import_generator({folder / "out", {}, folder / "last"}));
}

TEST(Interchange, AFolderSampledByItselfIsTheRunsGenerator) {
  for (const char* method : {"edm", "ddpm", "rectified_flow", "consistency"}) {
    SCOPED_TRACE(method);
    const ctforge::test::TemporaryFolder folder;
    TrainConfig config = support::small_config();
    config.codec = "identity";
    config.method = method;
    config.precision = "fp32";
    Context context = support::trained_in(folder / "run", config);
    export_generator({folder / "run", folder / "out", {}, "cpu"});
    torch::manual_seed(1);
    const auto noise = torch::randn({2, 2, 16, 16});
    const auto labels = torch::tensor({0, 1}, torch::kInt64);
    nets::save_tensors(folder / "noise.safetensors", {{"noise", noise}, {"labels", labels}}, {});
    context.out = folder / "raw";
    SampleConfig sample;
    sample.sampler = std::string(method) == "consistency" ? "consistency" : "euler";
    sample.steps = sample.sampler == "euler" ? 3 : 1;
    run_sample_folder(sample, {}, context, folder / "out", folder / "noise.safetensors");
    const auto found = nets::load_tensors(folder / "raw" / "samples" / "raw.safetensors").tensors.at("sample");
    const Generator generator = load_generator(folder / "run" / "checkpoints", torch::kCPU);
    const auto times = make_times(sample, generator.parametrisation);
    const auto& path = generator.parametrisation.path;
    const auto expected =
        make_solver(sample)(diffusion::bind(network(generator), generator.parametrisation, {labels}), path,
                            diffusion::starting_point(path, times.front(), noise), times, {}, {});
    EXPECT_TRUE(torch::allclose(found, expected.to(torch::kFloat32), 1e-4, 1e-4));
  }
}

TEST(Interchange, TakesTheMeaningFromARunAndRefusesWhatDoesNotFit) {
  const ctforge::test::TemporaryFolder folder;
  support::trained_in(folder / "run");
  export_generator({folder / "run", folder / "out", {.averaged = false}, "cpu"});
  const Generator last = load_generator(folder / "run" / "checkpoints", torch::kCPU, {.averaged = false});
  fs::remove(folder / "out" / "ctforge.json");
  EXPECT_THROW(import_generator({folder / "out", {}, folder / "again"}), ConfigError);
  import_generator({folder / "out", folder / "run", folder / "again"});
  EXPECT_TRUE(torch::equal(load_generator(folder / "again" / "checkpoints", torch::kCPU).unet->parameters()[0],
                           last.unet->parameters()[0]));
  EXPECT_THROW(import_generator({folder / "nothing", folder / "run", folder / "third"}), io::DataError);
  EXPECT_THROW(import_generator({folder / "out", folder / "nothing", folder / "third"}), io::DataError);
  ctforge::test::write_file(folder / "out" / "ctforge.json", "{\"schema\": 99}");
  EXPECT_THROW(import_generator({folder / "out", {}, folder / "third"}), io::DataError);
  EXPECT_THROW(export_generator({folder / "nothing", folder / "out", {}, "cpu"}), io::DataError);
  nets::AutoencoderConfig shallower;
  const auto fitting = nets::load_autoencoder(folder / "out" / "vae")->config();
  shallower.in_channels = shallower.out_channels = fitting.in_channels;
  shallower.latent_channels = fitting.latent_channels;
  shallower.norm_num_groups = fitting.norm_num_groups;
  shallower.block_out_channels = {8};
  nets::save_diffusers(nets::Autoencoder(shallower), folder / "out" / "vae");
  EXPECT_THROW(import_generator({folder / "out", folder / "run", folder / "third"}), io::DataError);
  auto other = last.unet->config();
  other.num_class_embeds += 1;
  nets::save_diffusers(nets::UNet(other), folder / "out" / "unet");
  EXPECT_THROW(import_generator({folder / "out", folder / "run", folder / "third"}), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
