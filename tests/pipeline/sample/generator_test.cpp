// A generator is what its checkpoint says, refuses another's autoencoder, and passes over damaged checkpoints.
#include "pipeline/sample/generator.h"

#include "io/file/fault.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"
#include "models/train/checkpoint.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

void train_into(const fs::path& folder) {
  TrainConfig config = support::small_config();
  config.precision = "fp32";
  support::trained_in(folder, config, 4);
}

TEST(Generator, HoldsTheWeightsOfTheCheckpointOrFreshOnes) {
  const ctforge::test::TemporaryFolder folder;
  train_into(folder.path());
  const fs::path checkpoints = folder / "checkpoints";
  const auto store = train::CheckpointStore(checkpoints, "generator");
  const Generator averaged = load_generator(checkpoints, torch::kCPU);
  const Generator last = load_generator(store.files().front(), torch::kCPU, {.averaged = false});
  const auto exported = nets::named_tensors(*nets::load_unet(checkpoints / "unet"));
  for (const auto& [name, tensor] : nets::named_tensors(*averaged.unet))
    EXPECT_TRUE(torch::equal(tensor, exported.at(name))) << name;
  const auto x = torch::randn({2, 2, 8, 8});
  const auto c_noise = torch::zeros({2});
  const diffusion::Condition condition{torch::tensor({0, 2}, torch::kInt64)};
  EXPECT_FALSE(torch::equal(network(averaged)(x, c_noise, condition), network(last)(x, c_noise, condition)));
  const Generator fresh = untrained_generator(checkpoints, torch::kCPU, 1);
  const Generator again = untrained_generator(checkpoints, torch::kCPU, 1);
  EXPECT_TRUE(torch::equal(network(fresh)(x, c_noise, condition), network(again)(x, c_noise, condition)));
  EXPECT_FALSE(torch::equal(network(fresh)(x, c_noise, condition), network(last)(x, c_noise, condition)));
  const auto latents = averaged.codec.encode(torch::zeros({1, 1, 16, 16}), torch::zeros({1, 16, 16}, torch::kUInt8));
  EXPECT_EQ(latents.sizes(), (at::IntArrayRef{1, 2, 8, 8}));
}

TEST(Generator, PassesOverADamagedCheckpointAndRefusesAnotherAutoencoder) {
  const ctforge::test::TemporaryFolder folder;
  train_into(folder.path());
  const fs::path checkpoints = folder / "checkpoints";
  const auto files = train::CheckpointStore(checkpoints, "generator").files();
  ASSERT_EQ(files.size(), 2U);
  std::string bytes = ctforge::test::read_file(files.front());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  ctforge::test::write_file(files.front(), bytes);
  std::vector<std::string> notes;
  EXPECT_EQ(load_generator(checkpoints, torch::kCPU, {}, &notes).step, 3);
  EXPECT_EQ(notes.size(), 1U);
  EXPECT_THROW(load_generator(files.front(), torch::kCPU), io::DataError);

  nets::Autoencoder other = nets::load_autoencoder(checkpoints / "autoencoder");
  {
    const torch::NoGradGuard no_grad;
    other->parameters().front().add_(1e-3);
  }
  nets::save_diffusers(other, checkpoints / "autoencoder");
  EXPECT_THROW(load_generator(checkpoints, torch::kCPU), io::DataError);
  EXPECT_THROW(load_generator(folder / "nothing", torch::kCPU), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
