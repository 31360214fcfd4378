// One loss for two players: neither's reaches the other's weights, and the penalty is the closed form.
#include "pipeline/train/gan_lesson.h"

#include "pipeline/train/train_data.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

nets::GanConfig networks() {
  nets::GanConfig config;
  config.image_channels = 2;
  config.height = config.width = 8;
  config.classes = 2;
  config.style_channels = 8;
  config.channels = config.discriminator_channels = {8, 8};
  return config;
}

struct Game {
  ModelConfig model;
  TrainConfig config;
  DiffusionData data;
  Players players{nullptr};
  std::unique_ptr<GanLesson> lesson;

  explicit Game(double penalty) {
    torch::manual_seed(1);
    model.kind = "gan";
    model.gan.style_channels = 8;
    model.gan.penalty = penalty;
    model.gan.penalty_every = 2;
    config.batch = 4;
    data.classes = {0, 1, 0, 1, 0, 1};
    data.draw = [](const std::vector<std::int64_t>& items, const nets::BatchShare&, torch::Generator& generator) {
      return Pair{torch::randn({static_cast<std::int64_t>(items.size()), 2, 8, 8}, generator), {}, {}};
    };
    players = Players(networks());
    lesson = std::make_unique<GanLesson>(model, config, data, players, true, torch::Device(torch::kCPU), 7);
  }
  // Gradients of the step of that number, by name.
  std::map<std::string, torch::Tensor> gradients(std::int64_t step) {
    players->zero_grad();
    lesson->step({.step = step, .draw = step, .seed = 11}).backward();
    std::map<std::string, torch::Tensor> found;
    for (const auto& item : players->named_parameters()) found[item.key()] = item.value().grad().clone();
    return found;
  }
};

TEST(GanLesson, EachPlayerLearnsFromItsOwnLoss) {
  Game game(0);
  const auto all = game.gradients(1);
  // The discriminator's alone: real and fake are judged, and the fake ones teach nobody.
  const auto figures = game.lesson->figures();
  EXPECT_NEAR(figures.at("discriminator_loss").get<double>(), 2 * std::log(2.0), 1.5);
  EXPECT_FALSE(figures.contains("penalty"));
  for (const auto& [name, gradient] : all) EXPECT_TRUE(torch::isfinite(gradient).all().item<bool>()) << name;
  EXPECT_GT(all.at("generator.constant").abs().max().item<double>(), 0);
  // A discriminator that calls everything real by far leaves nothing to learn for the generator, much for itself.
  {
    const torch::NoGradGuard no_grad;
    game.players->named_parameters()["discriminator.answer.bias"].fill_(60);
  }
  const auto sure = game.gradients(1);
  EXPECT_LT(sure.at("generator.constant").abs().max().item<double>(), 1e-12);
  EXPECT_NEAR(sure.at("discriminator.answer.bias").item<double>(), 1, 1e-6);
}

TEST(GanLesson, ThePenaltyIsTheSquaredGradientAtRealPatches) {
  Game game(1), without(0);
  game.model.gan.augment = without.model.gan.augment = false;
  for (Game* one : {&game, &without}) one->data.classes.assign(6, 0);
  const auto with = game.gradients(2), plain = without.gradients(2);
  // Difference quotients along every element of the patches that the step saw.
  const torch::NoGradGuard no_grad;
  torch::Generator generator = seeded(11);
  const auto real = torch::randn({4, 2, 8, 8}, generator);
  const auto score = [&](std::int64_t element, float change) {
    auto moved = real.clone();
    moved.view(-1)[element] += change;
    return game.players->discriminator->forward(moved, torch::zeros({4}, torch::kInt64)).sum().item<double>();
  };
  constexpr float kStep = 0.02F;
  double squared = 0;
  for (std::int64_t element = 0; element < real.numel(); ++element)
    squared += std::pow((score(element, kStep) - score(element, -kStep)) / (2 * kStep), 2) / 4;
  EXPECT_NEAR(game.lesson->figures().at("penalty").get<double>(), squared, 0.03 * squared);
  EXPECT_FALSE(torch::allclose(with.at("discriminator.input.weight"), plain.at("discriminator.input.weight")));
  EXPECT_TRUE(torch::allclose(with.at("generator.constant"), plain.at("generator.constant")));
}

}  // namespace
}  // namespace ctforge::pipeline
