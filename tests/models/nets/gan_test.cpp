// Shapes, classes that matter, gradients of gradients, and a small game that the generator wins.
#include "models/nets/gan.h"

#include "io/file/fault.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/optim/adam.h>

namespace ctforge::nets {
namespace {

GanConfig small_gan() {
  GanConfig config;
  config.image_channels = 3;
  config.height = 16;
  config.width = 8;
  config.classes = 2;
  config.style_channels = 16;
  config.channels = {8, 16, 16};
  config.discriminator_channels = {8, 16, 16};
  return config;
}

TEST(Gan, ShapesAndClasses) {
  torch::manual_seed(1);
  GanGenerator generator(small_gan());
  const auto noise = torch::randn({5, 16});
  const auto zeros = torch::zeros({5}, torch::kInt64);
  const auto images = generator->forward(noise, zeros);
  EXPECT_EQ(images.sizes(), at::IntArrayRef({5, 3, 16, 8}));
  EXPECT_FALSE(torch::allclose(images, generator->forward(noise, zeros + 1)));
  // Only the direction of the noise matters.
  EXPECT_TRUE(torch::allclose(images, generator->forward(3 * noise, zeros), 1e-3, 1e-3));
  GanDiscriminator discriminator(small_gan());
  EXPECT_EQ(discriminator->forward(images, zeros).sizes(), at::IntArrayRef({5}));
  GanConfig bounded = small_gan();
  bounded.bounded = true;
  EXPECT_LE(GanGenerator(bounded)->forward(10 * noise, zeros).abs().max().item<double>(), 1);
}

TEST(Gan, AGroupSeesItsOwnSpreadAlone) {
  torch::manual_seed(2);
  GanDiscriminator net(small_gan());
  const auto x = torch::randn({8, 3, 16, 8});
  const auto labels = torch::zeros({8}, torch::kInt64);
  const auto first = net->forward(x, labels);
  auto changed = x.clone();
  changed.narrow(0, 4, 4).zero_();
  EXPECT_TRUE(torch::allclose(net->forward(changed, labels).narrow(0, 0, 4), first.narrow(0, 0, 4), 1e-4, 1e-5));
  EXPECT_FALSE(torch::allclose(net->forward(x.narrow(0, 0, 2), labels.narrow(0, 0, 2)), first.narrow(0, 0, 2)));
}

TEST(Gan, ThePenaltyHasGradients) {
  torch::manual_seed(3);
  GanDiscriminator net(small_gan());
  const auto x = torch::randn({4, 3, 16, 8}).requires_grad_();
  const auto score = net->forward(x, torch::zeros({4}, torch::kInt64)).sum();
  const auto gradient = torch::autograd::grad({score}, {x}, {}, true, true)[0];
  gradient.square().sum().backward();
  EXPECT_GT(net->named_parameters()["first.0.weight"].grad().abs().max().item<double>(), 0);
}

TEST(Gan, LearnsTwoBrightnesses) {
  torch::manual_seed(4);
  GanConfig config = small_gan();
  config.image_channels = 1;
  GanGenerator generator(config);
  GanDiscriminator discriminator(config);
  const auto options = torch::optim::AdamOptions(5e-3).betas(std::make_tuple(0.0, 0.99));
  torch::optim::Adam of_generator(generator->parameters(), options);
  torch::optim::Adam of_discriminator(discriminator->parameters(), options);
  const auto labels = torch::tensor({0, 1, 0, 1, 0, 1, 0, 1}, torch::kInt64);
  const auto real = [&] {
    return (2 * labels - 1).to(torch::kFloat32).view({8, 1, 1, 1}) + 0.1 * torch::randn({8, 1, 16, 8});
  };
  for (int i = 0; i < 150; ++i) {
    const auto fake = generator->forward(torch::randn({8, 16}), labels);
    of_discriminator.zero_grad();
    (torch::softplus(discriminator->forward(fake.detach(), labels)) +
     torch::softplus(-discriminator->forward(real(), labels)))
        .mean()
        .backward();
    of_discriminator.step();
    of_generator.zero_grad();
    torch::softplus(-discriminator->forward(fake, labels)).mean().backward();
    of_generator.step();
  }
  const torch::NoGradGuard no_grad;
  const auto means = generator->forward(torch::randn({8, 16}), labels).mean({1, 2, 3});
  EXPECT_LT(means[0].item<double>(), -0.5);
  EXPECT_GT(means[1].item<double>(), 0.5);
}

TEST(Gan, ConfigurationThereAndBack) {
  EXPECT_EQ(gan_config_from_json(to_json(small_gan())), small_gan());
  GanConfig odd = small_gan();
  odd.height = 18;
  EXPECT_THROW(validate(odd), std::invalid_argument);
  EXPECT_THROW(gan_config_from_json(to_json(odd)), io::DataError);
  EXPECT_THROW(gan_config_from_json("{}"), io::DataError);
}

}  // namespace
}  // namespace ctforge::nets
