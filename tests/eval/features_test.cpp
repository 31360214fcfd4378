// Grey levels and resizing against Pillow, and the extractors' conventions on networks whose answer is known.
#include "eval/features.h"

#include "eval/frechet.h"
#include "io/file/fault.h"
#include "models/nets/lite0.h"
#include "tests/eval/support.h"
#include "tests/support/support.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

std::filesystem::path module(const std::string& name) { return test::source_dir() / "tests" / "oracle" / name; }

TEST(GreyLevels, AreRoundedOverTheWindowAndClipped) {
  const torch::Tensor hu = torch::tensor({-2000, -1000, 0, 4, 1000, 3000}, torch::kInt16);
  const torch::Tensor expected = torch::tensor({0, 0, 128, 128, 255, 255}, torch::kUInt8);
  EXPECT_TRUE(torch::equal(grey_levels(hu, {-1000, 1000}), expected)) << grey_levels(hu, {-1000, 1000});
}

TEST(ResizeClean, EqualsPillowsBicubicWithoutRequantising) {
  const torch::Tensor grey = (torch::arange(63) * 37).remainder(256).to(torch::kUInt8).view({1, 9, 7});
  for (const auto& [size, rows] : test::oracle().at("resized").items()) {
    const std::int64_t edge = std::stoll(size);
    const torch::Tensor resized = resize_grey(grey, edge, Resize::Clean);
    ASSERT_EQ(resized.sizes(), torch::IntArrayRef({1, 3, edge, edge}));
    for (std::int64_t y = 0; y < edge; ++y) {
      for (std::int64_t x = 0; x < edge; ++x) {
        EXPECT_NEAR(resized[0][0][y][x].item<double>(),
                    rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)].get<double>(), 2e-3);
      }
    }
    EXPECT_TRUE(torch::equal(resized.select(1, 0), resized.select(1, 2)));
  }
  EXPECT_THROW(resize_grey(grey.to(torch::kFloat32), 8, Resize::Clean), std::invalid_argument);
}

TEST(ResizeGrey, InterpolatesAsPytorchFidAndTensorFlow1Do) {
  const torch::Tensor grey = torch::tensor({0, 100, 200}, torch::kUInt8).view({1, 1, 3});
  const auto row = [&](Resize mode, std::int64_t size) { return resize_grey(grey, size, mode)[0][2][0]; };
  // Output i lies at 3 (i + 1/2) / 6 - 1/2 of pytorch-fid's, at 3 i / 6 of TensorFlow 1's; edges repeat.
  const torch::Tensor pytorch = torch::tensor({0.F, 25.F, 75.F, 125.F, 175.F, 200.F});
  const torch::Tensor tf1 = torch::tensor({0.F, 50.F, 100.F, 150.F, 200.F, 200.F});
  EXPECT_TRUE(torch::allclose(row(Resize::Pytorch, 6), pytorch)) << row(Resize::Pytorch, 6);
  EXPECT_TRUE(torch::allclose(row(Resize::Tf1, 6), tf1)) << row(Resize::Tf1, 6);
  // Nothing is averaged where images shrink: pixel floor(3 i / 2) and what follows.
  EXPECT_TRUE(torch::allclose(row(Resize::Tf1, 2), torch::tensor({0.F, 150.F})));
  EXPECT_EQ(resize_grey(grey, 7, Resize::None).sizes(), torch::IntArrayRef({1, 3, 1, 3}));
}

TEST(ResizeNames, GoBothWays) {
  for (const Resize mode : {Resize::Clean, Resize::Pytorch, Resize::Tf1, Resize::None})
    EXPECT_EQ(resize_named(resize_name(mode)), mode);
  EXPECT_THROW(resize_named("nearest"), std::invalid_argument);
}

TEST(TorchScriptExtractor, ScalesEachChannelByItsOwn) {
  // MAISI's: grey levels over 255 less ImageNet's means, blue first. mean_pool.pt yields each channel's mean and
  // maximum.
  const auto extractor = torchscript_extractor(module("mean_pool.pt"),
                                               {0, {255 * .406, 255 * .456, 255 * .485}, {255, 255, 255}}, torch::kCPU);
  EXPECT_EQ(extractor->resize(), Resize::None);
  const torch::Tensor features = extractor->features(torch::full({1, 8, 8}, 255, torch::kUInt8))[0];
  std::vector<double> seen;
  for (std::int64_t i = 0; i < features.size(0); ++i) seen.push_back(features[i].item<double>());
  for (const double expected : {1 - .406, 1 - .456, 1 - .485})
    EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), [&](double value) { return std::abs(value - expected) < 1e-5; }))
        << features;
}

TEST(TorchScriptExtractor, FeedsScaledGreyLevelsOfTheAskedSize) {
  const auto extractor =
      torchscript_extractor(module("mean_pool.pt"), {16, {100, 100, 100}, {50, 50, 50}}, torch::kCPU);
  EXPECT_EQ(extractor->name(), "fd_torchscript");
  EXPECT_EQ(extractor->weights_sha256().size(), 64u);
  const torch::Tensor features = extractor->features(torch::full({2, 8, 8}, 200, torch::kUInt8));
  EXPECT_TRUE(torch::allclose(features, torch::full({2, 6}, 2.0F), 0, 1e-4));
}

TEST(InceptionExtractor, GoesByItsLayersAtTheirSize) {
  const auto extractor = inception_extractor(module("inception_like.pt"), Resize::Clean, torch::kCPU);
  EXPECT_EQ(extractor->name(), "fid");
  const torch::Tensor features = extractor->features(torch::full({2, 8, 8}, 192, torch::kUInt8));
  EXPECT_EQ(features.sizes(), torch::IntArrayRef({2, 2048}));
  EXPECT_NEAR(features[1][7].item<double>(), (192.0 - 128) / 128, 1e-5);
  const auto other = inception_extractor(module("inception_like.pt"), Resize::Pytorch, torch::kCPU);
  EXPECT_NEAR(other->features(torch::full({1, 8, 8}, 192, torch::kUInt8))[0][7].item<double>(), 2 * 192 / 255.0 - 1,
              1e-5);
  EXPECT_NE(extractor->input(), other->input());
  EXPECT_THROW(inception_extractor(module("inception_like.pt"), Resize::None, torch::kCPU), std::invalid_argument);
}

TEST(Extractors, RefuseWhatIsNoExtractor) {
  EXPECT_THROW(inception_extractor(module("mean_pool.pt"), Resize::Clean, torch::kCPU), io::DataError);
  EXPECT_THROW(torchscript_extractor(module("evaluation.json"), {}, torch::kCPU), io::DataError);
  EXPECT_THROW(torchscript_extractor(module("absent.pt"), {}, torch::kCPU), io::DataError);
  EXPECT_THROW(torchscript_extractor(module("mean_pool.pt"), {8, {0, 0, 0}, {1, 0, 1}}, torch::kCPU),
               std::invalid_argument);
  const auto image = torchscript_extractor(module("bad_shape.pt"), {8, {0, 0, 0}, {1, 1, 1}}, torch::kCPU);
  EXPECT_THROW(image->features(torch::zeros({1, 8, 8}, torch::kUInt8)), io::DataError);
}

TEST(Extract, GivesEveryPatchItsFeaturesWhateverTheBatch) {
  const PatchSet set = test::shapes(7, 12, 1);
  const auto extractor =
      torchscript_extractor(module("mean_pool.pt"), {16, {127, 127, 127}, {128, 128, 128}}, torch::kCPU);
  std::int64_t last = 0;
  const torch::Tensor some = extract(*extractor, set, 3, [&](std::int64_t done) { last = done; });
  EXPECT_EQ(last, 7);
  EXPECT_TRUE(torch::allclose(some, extract(*extractor, set, 100, [](std::int64_t) {}), 0, 1e-5));
  EXPECT_THROW(extract(*extractor, set, 0, [](std::int64_t) {}), std::invalid_argument);
}

// The weights are fetched by tools/bootstrap; where they could not be, there is nothing to test.
TEST(Lite0Extractor, TellsNoiseFromCtFarBeyondTheFloor) {
  const char* given = std::getenv("CTFORGE_LITE0");
  const std::filesystem::path weights =
      given != nullptr ? std::filesystem::path(given) : test::source_dir() / ".deps" / nets::kLite0FileName;
  if (!std::filesystem::exists(weights)) GTEST_SKIP() << "the weights of EfficientNet-Lite0 are not here";
  const auto extractor = lite0_extractor(weights, torch::kCPU);
  EXPECT_EQ(extractor->name(), "fd_lite0");
  const PatchSet real = test::shapes(12, 32, 1);
  const auto features = [&](const PatchSet& set) { return extract(*extractor, set, 12, [](std::int64_t) {}); };
  const torch::Tensor reference = features(real);
  EXPECT_EQ(reference.size(1), nets::kLite0Features);
  const double floor = frechet_distance(features(test::shapes(12, 32, 2)), reference);
  const double noise = frechet_distance(features(noise_like(real, 12, 3)), reference);
  EXPECT_GT(noise, 2 * floor);
}

}  // namespace
}  // namespace ctforge::eval
