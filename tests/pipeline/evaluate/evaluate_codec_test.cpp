// Round trips through a codec: exact where it loses nothing, and found only where a generator has one that does.
#include "pipeline/evaluate/evaluate_codec.h"

#include "pipeline/sample/generator.h"
#include "tests/eval/support.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Reconstructed, IsTheSameWhereTheCodecLosesNothing) {
  const eval::PatchSet real = ctforge::test::shapes(6, 16, 1);
  const eval::PatchSet again = reconstructed(real, diffusion::identity_codec(16, 16, 3));
  const eval::Pixels expected = real.all(), found = again.all();
  EXPECT_TRUE(torch::equal(found.hu, expected.hu.clamp(-1000, 1000)));
  EXPECT_TRUE(torch::equal(found.mask, expected.mask));
  EXPECT_EQ(again.class_index, real.class_index);
  EXPECT_EQ(again.patient, real.patient);
}

TEST(Reconstructed, IsWhatTheCodecMakesOfThePatchesAskedFor) {
  const eval::PatchSet real = ctforge::test::shapes(6, 16, 1);
  diffusion::Codec halving = diffusion::identity_codec(16, 16, 3);
  halving.decode = [exact = halving.decode](const torch::Tensor& latents) {
    diffusion::Decoded decoded = exact(latents);
    decoded.image = decoded.image / 2;
    return decoded;
  };
  const std::vector<std::int64_t> asked = {4, 1};
  const torch::Tensor hu = reconstructed(real, halving).pixels(asked).hu.to(torch::kFloat32);
  const torch::Tensor original = real.pixels(asked).hu.to(torch::kFloat32).clamp(-1000, 1000);
  EXPECT_LE((hu - original / 2).abs().max().item<float>(), 1);
}

TEST(FindLossyCodec, IsTheGeneratorsAutoencoder) {
  const ctforge::test::TemporaryFolder folder;
  Context empty;
  empty.out = folder.path();
  EXPECT_FALSE(find_lossy_codec(empty));
  const Context context = support::trained_in(folder.path());
  const auto codec = find_lossy_codec(context);
  ASSERT_TRUE(codec);
  EXPECT_EQ(codec->sha256, load_generator(folder / "checkpoints", torch::kCPU).autoencoder_sha256);
}

TEST(FindLossyCodec, IsNoneForTheIdentity) {
  const ctforge::test::TemporaryFolder folder;
  TrainConfig config = support::small_config();
  config.codec = "identity";
  EXPECT_FALSE(find_lossy_codec(support::trained_in(folder.path(), config)));
}

}  // namespace
}  // namespace ctforge::pipeline
