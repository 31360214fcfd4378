// Parts come back in order and for their key alone; a damaged one costs itself and what follows.
#include "pipeline/train/train_latent_parts.h"

#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

class LatentPartsTest : public ::testing::Test {
 protected:
  LatentPartsTest() {
    torch::manual_seed(1);
    mean_ = torch::randn({10, 2, 3, 3});
    logvar_ = torch::randn({10, 2, 3, 3});
    save(0, 4);
    save(4, 7);
  }
  void save(std::int64_t first, std::int64_t last) const {
    parts_.save(first, mean_.slice(0, first, last), logvar_.slice(0, first, last));
  }
  fs::path folder() const { return folder_ / "latents-parts"; }

  test::TemporaryFolder folder_;
  LatentParts parts_{folder_ / "latents.safetensors", "key"};
  torch::Tensor mean_, logvar_, found_mean_, found_logvar_;
};

TEST_F(LatentPartsTest, ComeBack) {
  ASSERT_EQ(parts_.take(10, found_mean_, found_logvar_), 7);
  EXPECT_EQ(found_mean_.size(0), 10);
  EXPECT_TRUE(torch::equal(found_mean_.slice(0, 0, 7), mean_.slice(0, 0, 7)));
  EXPECT_TRUE(torch::equal(found_logvar_.slice(0, 0, 7), logvar_.slice(0, 0, 7)));
  parts_.remove();
  EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(LatentPartsTest, OfAnotherKeyAreRemoved) {
  EXPECT_EQ(LatentParts(folder_ / "latents.safetensors", "other").take(10, found_mean_, found_logvar_), 0);
  EXPECT_FALSE(found_mean_.defined());
  EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(LatentPartsTest, DamagedOnesAreEncodedAgainWithWhatFollows) {
  save(7, 9);
  test::write_file(folder() / "000000000004.safetensors", "half");
  EXPECT_EQ(parts_.take(10, found_mean_, found_logvar_), 4);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder()), {}), 1);
  EXPECT_EQ(parts_.take(3, found_mean_, found_logvar_), 0);  // more than there are patches
}

}  // namespace
}  // namespace ctforge::pipeline
