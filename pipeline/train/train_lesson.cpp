// Losses of the methods over batches of pairs.
#include "pipeline/train/train_lesson.h"

#include "io/file/random.h"
#include "models/diffusion/bound.h"
#include "models/diffusion/consistency.h"
#include "models/diffusion/loss.h"
#include "pipeline/train/train_augment.h"
#include "pipeline/train/train_data.h"
#include "pipeline/train/train_method.h"
#include "pipeline/train/train_share.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace {

constexpr std::uint64_t kOrderStream = 1, kValidationStream = 3, kBoundStream = 4;
// c_noise runs over about a thousand; its thousandth is what Karras et al. give to their features of the noise level.
constexpr double kNoiseInputScale = 1e-3;
constexpr double kPointsTooNearForHalf = 32;  // noise level over the difference of the points' levels

}  // namespace

LearnerImpl::LearnerImpl(nets::UNet net, const TrainConfig& config) : unet(std::move(net)) {
  register_module("unet", unet);
  if (config.uncertainty) expected_error = register_module("expected_error", nets::ExpectedError(kNoiseInputScale));
  if (config.augment.probability > 0) {
    const auto options = torch::nn::LinearOptions(kMovementNumbers, unet->config().time_channels()).bias(false);
    movement_embedding = register_module("movement_embedding", torch::nn::Linear(options));
  }
}

nets::NamedTensors unet_tensors(nets::NamedTensors tensors) {
  auto own = train::with_prefix(tensors, "unet.");
  return own.empty() ? std::move(tensors) : std::move(own);
}

torch::Tensor drop_labels(const torch::Tensor& labels, double probability, std::int64_t no_class,
                          torch::Generator& generator) {
  const auto dropped = torch::rand(labels.sizes(), generator).lt(probability);
  return torch::where(dropped, torch::full_like(labels, no_class), labels);
}

Lesson::Lesson(const TrainConfig& config, const GeneratorRecord& record, const DiffusionData& data, Learner learner,
               const Generator* teacher, torch::Device device, std::uint64_t seed, train::Group* group)
    : config_(config),
      record_(record),
      data_(data),
      learner_(std::move(learner)),
      teacher_(teacher),
      device_(device),
      seed_(seed),
      group_(group),
      share_(share_of(group, config.batch)),
      parametrisation_(parametrisation_of(record)),
      loss_options_(loss_options_of(config)),
      order_(train::class_weights(data.classes, config.class_weighting), io::mix_seed(seed, kOrderStream)) {
  if (group != nullptr) nets::share_batch(*learner_, share_);
}

torch::Tensor Lesson::step(const train::StepInput& input) {
  torch::Generator generator = seeded(input.seed);
  const auto items = order_.items(input.draw * config_.batch, config_.batch);
  const Pair pair = data_.draw(items, share_, generator);
  std::vector<std::int64_t> classes;
  for (const std::int64_t item : items) classes.push_back(data_.classes[static_cast<std::size_t>(item)]);
  const auto labels = drop_labels(torch::tensor(classes, torch::kInt64), config_.label_dropout,
                                  static_cast<std::int64_t>(record_.patches.classes.size()), generator);
  const Drawn drawn = draw(pair, share_.whole, input.step, generator);
  const auto noise = drawn.noise.defined() ? share_.of(drawn.noise) : torch::Tensor();
  return loss(pair, share_.of(labels), input.step, noise, share_.of(drawn.times), input.seed).loss;
}

nlohmann::ordered_json Lesson::validate(std::int64_t step) {
  const torch::NoGradGuard no_grad;
  const train::Autocast autocast(device_, train::precision_from_name(config_.precision));
  learner_->eval();
  torch::Generator generator = seeded(io::mix_seed(seed_, kValidationStream));
  const torch::Tensor& data = data_.validation.data;
  const std::int64_t count = data.size(0);
  // One a batch, each from the process that has it: their sum does not depend on how many processes there are.
  std::vector<double> losses, bits;
  for (std::int64_t first = 0; first < count; first += config_.batch) {
    const std::int64_t part = std::min(config_.batch, count - first);
    Pair pair{data.narrow(0, first, part), {}, {}};
    if (data_.validation.noise.defined()) pair.noise = data_.validation.noise.narrow(0, first, part);
    const Drawn drawn = draw(pair, part, step, generator);
    losses.push_back(0);
    bits.push_back(0);
    if (group_ != nullptr && (first / config_.batch) % group_->size() != group_->rank()) continue;
    const auto result = loss(pair, data_.validation_labels.narrow(0, first, part), step, drawn.noise, drawn.times, 0);
    losses.back() = result.per_sample.sum().item<double>();
    if (!record_.method.learned_variance) continue;
    // Each sample's own step stands for all of them.
    const double steps = parametrisation_.path.t_max() + 1;
    bits.back() = (result.bound.to(torch::kCPU) * steps + diffusion::prior_term(parametrisation_.path, pair.data))
                      .sum()
                      .item<double>();
  }
  const auto total = [this, count](const std::vector<double>& parts) {
    const auto all = group_ != nullptr ? group_->sum(parts) : parts;
    return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(count);
  };
  learner_->train();
  nlohmann::ordered_json figures{{"loss", total(losses)}};
  if (record_.method.learned_variance) figures["bits_per_dimension"] = total(bits);
  return figures;
}

double Lesson::bits_per_dimension(std::int64_t items) {
  const torch::NoGradGuard no_grad;
  const train::Autocast autocast(device_, train::precision_from_name(config_.precision));
  learner_->eval();
  torch::Generator generator = seeded(io::mix_seed(seed_, kBoundStream));
  // Patches lie side by side by patient.
  const std::int64_t all = data_.validation.data.size(0), count = std::min(items, all);
  const auto places = torch::arange(count, torch::kInt64).mul(all).floor_divide(count);
  double total = 0;
  for (const torch::Tensor& some : places.split(config_.batch)) {
    const auto data = data_.validation.data.index_select(0, some).to(device_);
    const auto labels = data_.validation_labels.index_select(0, some).to(device_);
    const auto denoise = diffusion::bind(network(), parametrisation_, {labels, {}});
    total +=
        diffusion::variational_bound(denoise, parametrisation_.path, data, diffusion::StepVariance::Learned, generator)
            .sum()
            .item<double>();
  }
  learner_->train();
  return total / static_cast<double>(count);
}

Lesson::Drawn Lesson::draw(const Pair& pair, std::int64_t whole, std::int64_t step, torch::Generator& generator) const {
  Drawn drawn;
  if (!pair.noise.defined()) {
    auto sizes = pair.data.sizes().vec();
    sizes[0] = whole;
    drawn.noise = torch::randn(sizes, generator);
  }
  const auto& path = parametrisation_.path;
  drawn.times = record_.method.name == "consistency"
                    ? diffusion::draw_times(consistency_options_of(config_, step), path, whole, generator)
                    : diffusion::draw_times(loss_options_, path, whole, generator);
  return drawn;
}

diffusion::LossResult Lesson::loss(const Pair& pair, const torch::Tensor& labels, std::int64_t step,
                                   const torch::Tensor& drawn_noise, const std::vector<double>& times,
                                   std::uint64_t dropout_seed) {
  const auto data = pair.data.to(device_);
  const auto noise = (pair.noise.defined() ? pair.noise : drawn_noise).to(device_);
  const diffusion::Condition condition{labels.to(device_),
                                       pair.movement.defined() ? pair.movement.to(device_) : torch::Tensor()};
  if (record_.method.name == "consistency") {
    // Both points are seen with the same features dropped (Geng et al. 2024, section 3.3).
    const auto again = [dropout_seed] { torch::manual_seed(dropout_seed); };
    const auto options = consistency_options_of(config_, step);
    // From there on bf16 rounds away most of what the answers at the two points differ in.
    std::optional<train::Autocast> whole;
    if (std::pow(options.base, options.stage) >= kPointsTooNearForHalf) whole.emplace(device_, train::Precision::Fp32);
    return diffusion::consistency_loss(network(), parametrisation_, data, noise, condition, options, times,
                                       taught(condition.labels),
                                       learner_->is_training() ? again : std::function<void()>());
  }
  diffusion::LogVariance expected;
  if (!learner_->expected_error.is_empty() && learner_->is_training())
    expected = [this](const torch::Tensor& c_noise) { return learner_->expected_error->forward(c_noise); };
  return diffusion::denoising_loss(network(), parametrisation_, data, noise, condition, loss_options_, times, expected);
}

diffusion::Net Lesson::network() const {
  return [this](const torch::Tensor& x, const torch::Tensor& c_noise, const diffusion::Condition& condition) {
    nets::UNet unet = learner_->unet;
    torch::Tensor added;
    if (condition.movement.defined()) {
      torch::nn::Linear embedding = learner_->movement_embedding;
      added = embedding(condition.movement);
    }
    return unet->forward(config_.channels_last ? x.contiguous(torch::MemoryFormat::ChannelsLast) : x, c_noise,
                         condition.labels, added);
  };
}

diffusion::DenoiseEach Lesson::taught(const torch::Tensor& labels) const {
  if (teacher_ == nullptr) return {};
  const auto net = pipeline::network(*teacher_);
  const auto told = [&](const torch::Tensor& classes) {
    return diffusion::bind_each(net, teacher_->parametrisation, {classes});
  };
  const double strength = config_.consistency.teacher_guidance;
  diffusion::DenoiseEach denoise = told(labels);
  if (strength != 1) {
    denoise = [strength, with = denoise, without = told(torch::full_like(labels, teacher_->no_class()))](
                  const torch::Tensor& x, const std::vector<double>& times) -> diffusion::Estimate {
      const auto base = without(x, times).data;
      return base + (with(x, times).data - base) * strength;
    };
  }
  return diffusion::on_path(denoise, teacher_->parametrisation.path, parametrisation_.path);
}

}  // namespace ctforge::pipeline
