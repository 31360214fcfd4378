// Pixels, latents and pairs as training draws them.
#include "pipeline/train/diffusion_data.h"

#include "pipeline/train/train_augment.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace ctforge::pipeline {
namespace {

Splits splits_in(const std::filesystem::path& folder) {
  support::write_patches(folder, "train", 8);
  return {PatchTensors(folder, "train"), std::nullopt, "files", "used"};
}

TEST(PixelData, IsTheImageAndItsBitsMovedAsIsTold) {
  const ctforge::test::TemporaryFolder folder;
  const Splits splits = splits_in(folder.path());
  TrainConfig config = support::small_config();
  GeneratorRecord record;
  const DiffusionData plain = pixel_data(config, splits, record);
  EXPECT_EQ(record.latent_shape, (std::array<std::int64_t, 3>{2, 16, 16}));
  EXPECT_GT(record.sigma_data, 0.3);
  torch::Generator generator = seeded(1);
  const Pair pair = plain.draw({0, 3}, nets::all_of(2), generator);
  EXPECT_EQ(pair.data.sizes(), at::IntArrayRef({2, 2, 16, 16}));
  EXPECT_FALSE(pair.noise.defined());
  EXPECT_FALSE(pair.movement.defined());
  config.augment.probability = 1;
  const Pair other = pixel_data(config, splits, record).draw({0, 3}, nets::all_of(2), generator);
  EXPECT_EQ(other.movement.sizes(), at::IntArrayRef({2, kMovementNumbers}));
  EXPECT_FALSE(torch::allclose(other.data, pair.data, 0, 0.1));
}

TEST(LatentData, IsOfUnitScaleAndHasMovedCopies) {
  const ctforge::test::TemporaryFolder folder;
  const Splits splits = splits_in(folder / "data");
  TrainConfig config = support::small_config();
  config.augment.probability = 1;
  config.augment.copies = 3;
  Context context;
  context.out = folder.path();
  torch::manual_seed(1);
  TrainedAutoencoder trained{nets::Autoencoder(autoencoder_config(config.autoencoder, splits.train.info())), {}};
  trained.net->eval();
  GeneratorRecord record;
  const DiffusionData data = latent_data(config, context, splits, trained, nullptr, record);
  torch::Generator generator = seeded(1);
  std::vector<std::int64_t> items;
  for (std::int64_t i = 0; i < 256; ++i) items.push_back(i % 8);
  const Pair pair = data.draw(items, nets::all_of(static_cast<std::int64_t>(items.size())), generator);
  EXPECT_NEAR(pair.data.std().item<double>(), 1, 0.2);
  // A quarter are the patches as they are.
  const auto still = pair.movement.eq(0).all(1).to(torch::kFloat64).mean().item<double>();
  EXPECT_NEAR(still, 0.25, 0.1);
  // The same again from the files kept.
  torch::Generator same = seeded(1);
  EXPECT_TRUE(torch::equal(latent_data(config, context, splits, trained, nullptr, record)
                               .draw(items, nets::all_of(static_cast<std::int64_t>(items.size())), same)
                               .movement,
                           pair.movement));
}

TEST(PairData, KeepsEveryTwentiethForValidation) {
  const ctforge::test::TemporaryFolder folder;
  const auto noise = torch::arange(40).view({40, 1, 1, 1}).to(torch::kFloat32);
  write_pairs(folder / pairs_name(0), noise, -noise, std::vector<std::int32_t>(40, 1), {"ab", {}});
  const DiffusionData data = pair_data(
      std::make_shared<const PairSet>(folder.path(), PairsOrigin{"ab", {}}, std::vector<std::int64_t>{1, 1, 1}));
  EXPECT_EQ(data.classes.size(), 38U);
  EXPECT_EQ(data.validation.data.size(0), 2);
  EXPECT_EQ(data.validation.noise[0].item<double>(), 19);
  torch::Generator generator = seeded(1);
  const Pair pair = data.draw({18, 19}, nets::all_of(2), generator);
  EXPECT_EQ(pair.noise.flatten()[1].item<double>(), 20);  // the nineteenth is held out
  EXPECT_EQ(pair.data.flatten()[0].item<double>(), -18);
}

}  // namespace
}  // namespace ctforge::pipeline
