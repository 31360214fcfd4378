// Draws have the moments' distribution, the measured scale makes it standard, and the cache is used only where it fits.
#include "pipeline/train/train_latents.h"

#include "models/nets/weights.h"
#include "pipeline/train/train_autoencoder.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

TEST(LatentMoments, DrawsAreFreshAndTheScaleMakesThemStandard) {
  torch::Generator generator = seeded(1);
  const auto mean = torch::randn({64, 2, 8, 8}, generator) * 3 + 5;
  const auto logvar = torch::full({64, 2, 8, 8}, std::log(16.0));
  const LatentMoments moments(mean, logvar);
  EXPECT_NEAR(moments.shift()[0].item<double>(), 5, 0.2);
  EXPECT_NEAR(1 / moments.scale()[1].item<double>(), 5, 0.15);  // root of 3^2 + 4^2
  std::vector<std::int64_t> all(64);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const auto once = moments.draw(all, nets::all_of(static_cast<std::int64_t>(all.size())), generator),
             twice = moments.draw(all, nets::all_of(static_cast<std::int64_t>(all.size())), generator);
  EXPECT_FALSE(torch::equal(once, twice));
  EXPECT_NEAR((once - mean).std().item<double>(), 4, 0.1);
  const auto scaled = (once - moments.shift().view({1, 2, 1, 1})) * moments.scale().view({1, 2, 1, 1});
  EXPECT_NEAR(scaled.std().item<double>(), 1, 0.03);
  EXPECT_THROW(LatentMoments(mean, logvar.narrow(0, 0, 3)), std::invalid_argument);
}

TEST(LatentMoments, TheCacheIsMadeAgainForAnotherKeyOrWhenDamaged) {
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "train", 5);
  const PatchTensors patches(folder.path(), "train");
  torch::manual_seed(1);
  nets::Autoencoder net(autoencoder_config(support::small_config().autoencoder, patches.info()));
  net->eval();
  const auto file = folder / "latents.safetensors";
  Context context;
  const auto first = cached_moments(file, "a", net, patches, torch::kCPU, {}, context);
  EXPECT_EQ(first.shape(), (std::array<std::int64_t, 3>{2, 8, 8}));
  // The same key reads the file, whatever the network is by now; another key does not.
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : net->parameters()) parameter.mul_(2);
  }
  EXPECT_TRUE(torch::equal(cached_moments(file, "a", net, patches, torch::kCPU, {}, context).mean(), first.mean()));
  EXPECT_FALSE(torch::equal(cached_moments(file, "b", net, patches, torch::kCPU, {}, context).mean(), first.mean()));
  const auto second = encode_all(net, patches, torch::kCPU, {}, context);
  ctforge::test::write_file(file, "damaged");
  EXPECT_TRUE(torch::equal(cached_moments(file, "b", net, patches, torch::kCPU, {}, context).mean(), second.mean()));
  context.interrupted = [] { return true; };
  EXPECT_THROW(encode_all(net, patches, torch::kCPU, {}, context), Interrupted);
}

}  // namespace
}  // namespace ctforge::pipeline
