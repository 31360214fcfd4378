// Errors of a decoder that says one thing are known; they are measured once.
#include "pipeline/train/autoencoder_report.h"

#include "pipeline/train/train_autoencoder.h"
#include "tests/pipeline/train/train_support.h"
#include "tests/support/support.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

TEST(Reconstruction, IsInHounsfieldUnitsAndByLabel) {
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "validation", 4);
  const PatchTensors patches(folder.path(), "validation");
  nets::Autoencoder net(autoencoder_config(support::small_config().autoencoder, patches.info()));
  {
    // Makes the decoder say 0 everywhere: 0 HU, and label 0.
    const torch::NoGradGuard no_grad;
    for (auto& item : net->named_parameters()) {
      if (item.key().rfind("decoder.conv_out", 0) == 0) item.value().zero_();
    }
  }
  net->eval();
  const auto found = reconstruction(net, patches, torch::kCPU, {});
  EXPECT_NEAR(found["hu_mae"].get<double>(), 600, 5);
  EXPECT_EQ(found["mask_dice"]["organ"], 0.0);
  // Two patches of -600 HU with an organ of 600, two the other way round: the biases cancel.
  EXPECT_NEAR(found["tissues"]["organ"]["hu_mae"].get<double>(), 600, 10);
  EXPECT_NEAR(found["hu_bias"].get<double>(), 0, 5);
  EXPECT_EQ(found["tissues"]["organ"]["pixels"], 4 * 16);
  EXPECT_NEAR(found["psnr_db"].get<double>(), 20 * std::log10(2 / 0.6), 0.1);
  EXPECT_LT(found["ssim"].get<double>(), 0.1);
  EXPECT_EQ(found["patches"], 4);
}

TEST(Reconstruction, IsMeasuredOnce) {
  const ctforge::test::TemporaryFolder folder;
  support::write_patches(folder.path(), "validation", 4);
  const PatchTensors patches(folder.path(), "validation");
  torch::manual_seed(1);
  nets::Autoencoder net(autoencoder_config(support::small_config().autoencoder, patches.info()));
  const MetricsLog metrics(folder / "metrics.jsonl");
  const auto first = measured_reconstruction(net, patches, torch::kCPU, {}, 7, metrics);
  const auto log = ctforge::test::read_file(folder / "metrics.jsonl");
  EXPECT_EQ(measured_reconstruction(net, patches, torch::kCPU, {}, 7, metrics), first);
  EXPECT_EQ(ctforge::test::read_file(folder / "metrics.jsonl"), log);
  EXPECT_FALSE(first.contains("phase"));
}

}  // namespace
}  // namespace ctforge::pipeline
