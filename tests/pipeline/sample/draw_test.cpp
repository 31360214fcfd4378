// Samples of a generator whose network is known: the exact answer for Gaussian data, a mean for each class.
#include "pipeline/sample/draw.h"

#include "io/file/fault.h"
#include "models/diffusion/noise.h"
#include "pipeline/config/config_tree.h"
#include "tests/pipeline/sample/toy_generator.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(ClassSequence, IsBalancedInEveryBeginning) {
  const auto sequence = class_sequence(300, {1, 1, 1});
  std::vector<int> counts(3);
  for (const auto k : sequence) {
    ++counts.at(static_cast<std::size_t>(k));
    EXPECT_LE(*std::max_element(counts.begin(), counts.end()) - *std::min_element(counts.begin(), counts.end()), 1);
  }
  EXPECT_EQ((std::vector<std::int64_t>(sequence.begin(), sequence.begin() + 4)),
            (std::vector<std::int64_t>{0, 1, 2, 0}));
}

TEST(DrawSamples, BeginAtCleanDataWhereTheyVaryIt) {
  Generator generator = support::toy_generator();
  const auto clean = torch::full({2, 4, 6}, 0.4);
  generator.starts = [&clean](const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>&) {
    return clean.expand({static_cast<std::int64_t>(indices.size()), 2, 4, 6});
  };
  const auto net = support::toy_network(generator);
  SampleConfig config;
  config.sigma_min = 0.002;
  const auto mean_of = [&](double strength) {
    config.strength = strength;
    return draw_samples(config, generator, net, 1, {{0, 0}, {1, 0}})->latents.mean().item<double>();
  };
  // At hardly any noise the start is what comes out, at much of it the class' own mean, -0.4.
  EXPECT_NEAR(mean_of(0.06), 0.4, 0.01);
  EXPECT_NEAR(mean_of(0.99), -0.4, 0.03);
  EXPECT_GT(mean_of(0.3), -0.35);
}

TEST(ClassSequence, KeepsProportionsInEveryBeginning) {
  const std::vector<double> proportions = {70, 0, 25, 5};
  const auto sequence = class_sequence(400, proportions);
  std::vector<double> counts(4);
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    counts.at(static_cast<std::size_t>(sequence[i])) += 1;
    for (std::size_t k = 0; k < 4; ++k)
      EXPECT_LT(std::abs(counts[k] - proportions[k] / 100 * static_cast<double>(i + 1)), 1.01);
  }
  EXPECT_EQ(counts, (std::vector<double>{280, 0, 100, 20}));
  const auto shorter = class_sequence(37, proportions);
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), sequence.begin()));
}

TEST(ClassSequence, RefusesProportionsWithoutAnyClass) {
  EXPECT_THROW(class_sequence(1, {0, 0}), std::invalid_argument);
  EXPECT_THROW(class_sequence(1, {}), std::invalid_argument);
}

TEST(ClassProportions, LeaveOutClassesThatCouldOnlyBeCopied) {
  SampleConfig config;
  config.class_least = 20;
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  std::vector<std::string> notes;
  EXPECT_EQ(class_proportions(config, {90, 0, 2, 20}, names, notes), (std::vector<double>{1, 0, 0, 1}));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("'c'"), std::string::npos);
  config.classes = "training";
  EXPECT_EQ(class_proportions(config, {90, 0, 2, 20}, names, notes), (std::vector<double>{90, 0, 0, 20}));
  EXPECT_THROW(class_proportions(config, {19, 1, 2, 3}, names, notes), io::DataError);
}

std::vector<Wanted> wanted(std::int64_t count, std::int64_t class_index, std::int64_t first = 0) {
  std::vector<Wanted> result;
  for (std::int64_t i = 0; i < count; ++i) result.push_back({first + i, class_index});
  return result;
}

TEST(DrawSamples, GivesEachClassItsOwnDataAndMask) {
  const auto generator = support::toy_generator();
  SampleConfig config;
  config.guidance = 1;
  for (std::int64_t k = 0; k < 2; ++k) {
    const auto samples = draw_samples(config, generator, support::toy_network(generator), 1, wanted(64, k));
    ASSERT_TRUE(samples);
    EXPECT_EQ(samples->decoded.image.sizes(), at::IntArrayRef({64, 1, 4, 6}));
    EXPECT_EQ(samples->decoded.mask.sizes(), at::IntArrayRef({64, 4, 6}));
    EXPECT_NEAR(samples->decoded.image.mean().item<double>(), support::kClassMean[k], 0.02);
    EXPECT_TRUE(samples->decoded.mask.eq(k == 0 ? 0 : 1).all().item<bool>());
  }
}

TEST(DrawSamples, GuidesAwayFromTheUnconditionalMean) {
  auto generator = support::toy_generator();
  SampleConfig config;
  const auto mean_at = [&](double guidance) {
    config.guidance = guidance;
    const auto samples = draw_samples(config, generator, support::toy_network(generator), 1, wanted(32, 1));
    return samples.value().decoded.image.mean().item<double>();
  };
  // Estimates are linear in the class mean, so guidance g moves it to g times its distance from the mean of all, 0.
  EXPECT_NEAR(mean_at(1.5), 1.5 * support::kClassMean[1], 0.03);
  EXPECT_NEAR(mean_at(0), 0, 0.03);
  generator.parametrisation = {diffusion::rectified(), diffusion::Target::Flow, 0.5};  // guided at its first level too
  config.steps = 1;
  EXPECT_NEAR(mean_at(1.5), 1.5 * support::kClassMean[1], 0.03);
  generator = support::toy_generator();
  config.steps = 18;
  config.guidance_low = 90;  // above every level visited: guidance never acts
  EXPECT_NEAR(mean_at(1.5), support::kClassMean[1], 0.03);
}

TEST(DrawSamples, GuidesAwayFromAClassAndTowardsOthers) {
  const auto generator = support::toy_generator();
  SampleConfig config;
  const auto mean = [&] {
    const auto samples = draw_samples(config, generator, support::toy_network(generator), 1, wanted(32, 1));
    return samples.value().decoded.image.mean().item<double>();
  };
  // From the mean of "low", -0.4, towards that of "high", 0.4: -0.4 + 1.25 * 0.8.
  config.guidance = 1.25;
  config.guidance_from = "low";
  EXPECT_NEAR(mean(), 0.6, 0.03);
  // From no class (0): 1 * 0.4 + 0.5 * -0.4.
  config.guidance = 1;
  config.guidance_from = "";
  config.blend = {"low=0.5"};
  EXPECT_NEAR(mean(), 0.2, 0.03);
  EXPECT_NO_THROW(check_guidance(config, generator));
  for (const char* wrong : {"low", "low=", "low=x", "lo=1", "low=inf"}) {
    config.blend = {wrong};
    EXPECT_THROW(check_guidance(config, generator), ConfigError) << wrong;
  }
  config.blend.clear();
  config.guidance_from = "lower";
  EXPECT_THROW(check_guidance(config, generator), ConfigError);
}

TEST(DrawSamples, GuidesAwayFromAWeakerGeneratorOfAnotherPath) {
  auto generator = support::toy_generator();
  auto weaker = std::make_shared<Generator>(support::toy_generator());
  weaker->parametrisation = {diffusion::rectified(), diffusion::Target::Flow, 0.5};
  // A network whose answer is 0 stands for x / (alpha + sigma): data of mean 0 and unit deviation.
  weaker->unet = nets::UNet(nets::UNetConfig{.sample_size = 4,
                                             .in_channels = 2,
                                             .out_channels = 2,
                                             .down_block_types = {nets::LevelType::Plain},
                                             .up_block_types = {nets::LevelType::Plain},
                                             .block_out_channels = {4},
                                             .layers_per_block = 1,
                                             .attention_head_dim = 4,
                                             .norm_num_groups = 2,
                                             .num_class_embeds = 3});
  weaker->unet->eval();
  for (auto& parameter : weaker->unet->parameters()) parameter.detach().zero_();
  generator.weaker = weaker;
  SampleConfig config;
  config.guidance = 1.5;
  EXPECT_NO_THROW(check_guidance(config, generator));
  const auto guided = draw_samples(config, generator, support::toy_network(generator), 1, wanted(32, 1));
  generator.weaker.reset();
  const auto by_class = draw_samples(config, generator, support::toy_network(generator), 1, wanted(32, 1));
  EXPECT_FALSE(torch::allclose(guided->latents, by_class->latents, 0, 1e-3));
  config.guidance_high = 1e-6;  // never
  generator.weaker = weaker;
  const auto plain = draw_samples(config, generator, support::toy_network(generator), 1, wanted(32, 1));
  EXPECT_NEAR(plain->decoded.image.mean().item<double>(), support::kClassMean[1], 0.02);
  // Led on beyond the mean of the class, away from 0.
  EXPECT_GT(guided->decoded.image.mean().item<double>(), support::kClassMean[1] + 0.02);
}

TEST(DrawSamples, GivesNoiseAndLatentsThatBelongTogether) {
  auto generator = support::toy_generator();
  generator.method.name = "rectified_flow";
  generator.parametrisation = {diffusion::rectified(), diffusion::Target::Flow, 0.5};
  SampleConfig config;
  config.steps = 64;
  const auto drawn = draw_samples(config, generator, support::toy_network(generator), 1, wanted(8, 1));
  EXPECT_TRUE(torch::equal(drawn->noise, diffusion::batch_noise(1, {0, 1, 2, 3, 4, 5, 6, 7}, 0, {2, 4, 6})));
  // The flow to a Gaussian takes noise to mean + deviation * noise.
  const auto expected = support::kClassMean[1] + support::kDeviation * drawn->noise;
  EXPECT_TRUE(torch::allclose(drawn->latents, expected, 0, 0.02));
  ASSERT_TRUE(drawn->straightness.has_value());
  EXPECT_GT(*drawn->straightness, 0);
  EXPECT_LT(*drawn->straightness, 0.1);  // nearly a point, to which all lines are straight
  // A single step tells nothing of it.
  config.steps = 1;
  config.sampler = "euler";
  EXPECT_FALSE(draw_samples(config, generator, support::toy_network(generator), 1, wanted(8, 1))->straightness);
}

TEST(DrawSamples, GivesASampleTheSameInAnyBatch) {
  const auto generator = support::toy_generator();
  for (const char* sampler : {"heun", "ddpm"}) {
    SampleConfig config;
    config.sampler = sampler;
    const auto net = support::toy_network(generator);
    const auto together = draw_samples(config, generator, net, 9, wanted(8, 1));
    const auto apart = draw_samples(config, generator, net, 9, wanted(3, 1, 5));
    EXPECT_TRUE(torch::equal(together->decoded.image.narrow(0, 5, 3), apart->decoded.image));
    EXPECT_FALSE(torch::allclose(together->decoded.image.narrow(0, 0, 3), apart->decoded.image, 0, 1e-2));
    EXPECT_FALSE(torch::allclose(draw_samples(config, generator, net, 10, wanted(3, 1, 5))->decoded.image,
                                 apart->decoded.image, 0, 1e-2));
  }
}

TEST(DrawSamples, ClampsTheEstimateWhenAsked) {
  const auto generator = support::toy_generator();
  SampleConfig config;
  config.clip = 0.1;
  const auto samples = draw_samples(config, generator, support::toy_network(generator), 1, wanted(4, 1));
  EXPECT_LE(samples->decoded.image.abs().max().item<double>(), 0.1 + 1e-6);
}

TEST(DrawSamples, StopsWhenAsked) {
  const auto generator = support::toy_generator();
  int asked = 0;
  const auto samples =
      draw_samples({}, generator, support::toy_network(generator), 1, wanted(2, 0), [&] { return ++asked == 3; });
  EXPECT_FALSE(samples);
  EXPECT_EQ(asked, 3);
}

TEST(DrawSamples, RefusesGuidanceAndStepsThatWereNotLearned) {
  Generator generator = support::toy_generator();
  SampleConfig config;
  config.guidance = 1.5;
  EXPECT_NO_THROW(check_guidance(config, generator));
  generator.method.name = "consistency";
  EXPECT_THROW(check_guidance(config, generator), ConfigError);
  generator.method.name = "rectified_flow";
  generator.config = R"({"times": "noisiest"})";
  config = {};
  EXPECT_THROW(check_guidance(config, generator), ConfigError);
  config.steps = 1;
  EXPECT_NO_THROW(check_guidance(config, generator));
}

TEST(DrawSamples, RefusesSettingsThatDoNotFitAndValuesThatAreNoNumbers) {
  auto generator = support::toy_generator();
  SampleConfig config;
  config.sigma_min = 100;
  config.sigma_max = 200;
  EXPECT_THROW(draw_samples(config, generator, support::toy_network(generator), 1, wanted(1, 0)), ConfigError);
  const diffusion::Net broken = [](const torch::Tensor& x, const torch::Tensor&, const diffusion::Condition&) {
    return torch::full_like(x, std::numeric_limits<float>::quiet_NaN());
  };
  EXPECT_THROW(draw_samples({}, support::toy_generator(), broken, 1, wanted(1, 0)), std::runtime_error);
}

}  // namespace
}  // namespace ctforge::pipeline
