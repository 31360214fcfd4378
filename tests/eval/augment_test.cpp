// Augmentation: the identity when switched off, labels that move with the image, and no mirror.
#include "eval/augment.h"

#include "tests/eval/support.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::eval {
namespace {

LabelledImages batch_of(const PatchSet& set) {
  const Pixels pixels = set.all();
  return {windowed(pixels.hu, set.window_hu).unsqueeze(1), pixels.mask.to(torch::kInt64)};
}

TEST(Augment, WithAllSwitchedOffChangesNothing) {
  const LabelledImages batch = batch_of(test::shapes(4, 24, 1));
  torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(1);
  const LabelledImages same = augment(batch, {0, 0, 0, 0, 0, 0, 0}, generator);
  EXPECT_TRUE(torch::allclose(same.image, batch.image, 0, 1e-5));
  EXPECT_TRUE(torch::equal(same.label, batch.label));
}

TEST(Augment, MovesLabelsWithTheImageAndNeverMirrors) {
  const LabelledImages batch = batch_of(test::shapes(64, 32, 2));
  torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(2);
  const LabelledImages moved = augment(batch, {}, generator);
  EXPECT_FALSE(torch::equal(moved.label, batch.label));
  EXPECT_LE(moved.image.abs().max().item<double>(), 1);
  // The disc is bright and in the left half, the square dark and in the right half, wherever they went.
  const torch::Tensor disc = moved.label == 1, square = moved.label == 2;
  EXPECT_GT(moved.image.squeeze(1).masked_select(disc).mean().item<double>(), 0.2);
  EXPECT_LT(moved.image.squeeze(1).masked_select(square).mean().item<double>(), -0.2);
  const torch::Tensor column = torch::arange(32).expand({64, 32, 32});
  EXPECT_LT(column.masked_select(disc).to(torch::kFloat64).mean().item<double>(),
            column.masked_select(square).to(torch::kFloat64).mean().item<double>() - 8);
}

TEST(MovedAtRandom, BendsLabelsWithTheImageAndKeepsIntensities) {
  const LabelledImages batch = batch_of(test::shapes(32, 32, 3));
  const Augmentation elastic = {.rotation_degrees = 0, .log_scale = 0, .translation = 0, .elastic = 0.1};
  torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(3), again = generator.clone();
  const LabelledImages bent = moved_at_random(batch, elastic, generator);
  EXPECT_FALSE(torch::equal(bent.label, batch.label));
  EXPECT_LE(bent.image.max().item<double>(), batch.image.max().item<double>() + 1e-6);  // no tone is changed
  for (const std::int64_t label : {1, 2}) {
    const auto mean = [label](const LabelledImages& images) {
      return images.image.squeeze(1).masked_select(images.label == label).mean().item<double>();
    };
    EXPECT_NEAR(mean(bent), mean(batch), 0.15);
    // Bending alone does not move organs away: displacements are a twentieth of the edge.
    const auto overlap = ((bent.label == label) & (batch.label == label)).sum().item<double>();
    EXPECT_GT(overlap / (batch.label == label).sum().item<double>(), 0.5);
  }
  EXPECT_TRUE(torch::equal(bent.label, moved_at_random(batch, elastic, again).label));
}

TEST(Augment, RotatesAPatchThatIsNotSquareWithoutShearing) {
  // A ring of radius 10 stays one: its points' distances from the middle do not change.
  const torch::Tensor y = torch::arange(32).view({32, 1}) - 15.5, x = torch::arange(64).view({1, 64}) - 31.5;
  const torch::Tensor radius = (x * x + y * y).sqrt();
  const torch::Tensor label = ((radius - 10).abs() < 1).to(torch::kInt64).unsqueeze(0);
  const LabelledImages batch{torch::zeros({1, 1, 32, 64}), label};
  torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(3);
  Augmentation turn{45, 0, 0, 0, 0, 0, 0};
  const torch::Tensor turned = augment(batch, turn, generator).label[0];
  const torch::Tensor distances = radius.masked_select(turned == 1);
  EXPECT_GT(distances.min().item<double>(), 8);
  EXPECT_LT(distances.max().item<double>(), 12);
}

TEST(Augment, DependsOnTheGeneratorAlone) {
  const LabelledImages batch = batch_of(test::shapes(4, 16, 3));
  torch::Generator a = torch::make_generator<torch::CPUGeneratorImpl>(5);
  torch::Generator b = torch::make_generator<torch::CPUGeneratorImpl>(5);
  torch::manual_seed(1);
  const LabelledImages first = augment(batch, {}, a);
  torch::manual_seed(2);
  EXPECT_TRUE(torch::equal(first.image, augment(batch, {}, b).image));
}

TEST(Augment, RefusesImagesAndLabelsThatDoNotFit) {
  torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(1);
  const LabelledImages wrong{torch::zeros({2, 1, 8, 8}), torch::zeros({2, 8, 9}, torch::kInt64)};
  EXPECT_THROW(augment(wrong, {}, generator), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
