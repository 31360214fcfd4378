// The losses of both players.
#include "pipeline/train/gan_lesson.h"

#include "io/file/random.h"
#include "models/train/checkpoint.h"
#include "models/train/precision.h"
#include "pipeline/run/frozen.h"
#include "pipeline/train/gan_augment.h"
#include "pipeline/train/train_data.h"

#include <utility>
#include <vector>

#include <torch/autograd.h>
#include <torch/utils.h>

namespace ctforge::pipeline {

namespace {

constexpr std::uint64_t kGanOrderStream = 1;

}  // namespace

PlayersImpl::PlayersImpl(const nets::GanConfig& config) {
  generator = register_module("generator", nets::GanGenerator(config));
  discriminator = register_module("discriminator", nets::GanDiscriminator(config));
}

nets::NamedTensors generator_tensors(const nets::NamedTensors& tensors) {
  return train::with_prefix(tensors, "generator.");
}

GanLesson::GanLesson(const ModelConfig& model, const TrainConfig& config, const DiffusionData& data, Players players,
                     bool pixels, torch::Device device, std::uint64_t seed)
    : options_(model.gan),
      config_(config),
      data_(data),
      players_(std::move(players)),
      pixels_(pixels),
      device_(device),
      order_(train::class_weights(data.classes, config.class_weighting), io::mix_seed(seed, kGanOrderStream)) {}

torch::Tensor GanLesson::step(const train::StepInput& input) {
  torch::Generator random = seeded(input.seed);
  const auto items = order_.items(input.draw * config_.batch, config_.batch);
  const auto real = data_.draw(items, nets::all_of(config_.batch), random).data.to(device_);
  std::vector<std::int64_t> classes;
  for (const std::int64_t item : items) classes.push_back(data_.classes[static_cast<std::size_t>(item)]);
  const auto labels = torch::tensor(classes, torch::kInt64).to(device_);
  const auto noise = torch::randn({config_.batch, options_.style_channels}, random).to(device_);
  const auto seen = [&](const torch::Tensor& x) {
    if (!options_.augment) return x;
    return augmented(x, draw_gan_augmentation(x.size(0), x.size(2), x.size(3), pixels_, random));
  };
  auto& discriminator = players_->discriminator;
  const auto fake = players_->generator->forward(noise, labels);
  const auto of_real = discriminator->forward(seen(real), labels);
  const auto of_fake = discriminator->forward(seen(fake.detach()), labels);
  discriminator_loss_ = torch::softplus(-of_real).mean() + torch::softplus(of_fake).mean();
  real_score_ = of_real.mean().detach();
  fake_score_ = of_fake.mean().detach();
  auto loss = discriminator_loss_;
  // Lazily, as often as it counts (Karras et al. 2020, section 3.1).
  if (options_.penalty > 0 && input.step % options_.penalty_every == 0) {
    const auto squared = penalty(seen(real), labels);
    penalty_ = squared.detach();
    loss = loss + squared * (options_.penalty / 2 * static_cast<double>(options_.penalty_every));
  }
  {
    const Frozen frozen(*discriminator);
    generator_loss_ = torch::softplus(-discriminator->forward(seen(fake), labels)).mean();
  }
  loss = loss + generator_loss_;
  generator_loss_ = generator_loss_.detach();
  discriminator_loss_ = discriminator_loss_.detach();
  return loss;
}

torch::Tensor GanLesson::penalty(const torch::Tensor& real, const torch::Tensor& labels) {
  // Squares of gradients need more digits than the losses.
  const train::Autocast exact(device_, train::Precision::Fp32);
  const auto x = real.detach().to(torch::kFloat32).requires_grad_();
  const auto score = players_->discriminator->forward(x, labels).sum();
  const auto gradient = torch::autograd::grad({score}, {x}, {}, true, true)[0];
  return gradient.square().sum({1, 2, 3}).mean();
}

nlohmann::ordered_json GanLesson::figures() const {
  nlohmann::ordered_json json;
  for (const auto& [name, value] : {std::pair<const char*, const torch::Tensor&>{"generator_loss", generator_loss_},
                                    {"discriminator_loss", discriminator_loss_},
                                    {"real_score", real_score_},
                                    {"fake_score", fake_score_},
                                    {"penalty", penalty_}})
    if (value.defined()) json[name] = value.item<double>();
  return json;
}

}  // namespace ctforge::pipeline
