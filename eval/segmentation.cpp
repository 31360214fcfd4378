// Training a segmentation network on patches of several sources, and predicting with it.
#include "eval/segmentation.h"

#include "eval/dice.h"
#include "eval/segmentation_loss.h"
#include "io/file/random.h"
#include "models/nets/weights.h"
#include "models/train/adamw.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <torch/nn/utils/clip_grad.h>
#include <torch/utils.h>

namespace ctforge::eval {
namespace {

constexpr std::int64_t kPredictBatch = 64;
constexpr const char* kWeights = "weights.";

Indices run_of(std::int64_t start, std::int64_t size) {
  Indices indices(static_cast<std::size_t>(std::min(kPredictBatch, size - start)));
  std::iota(indices.begin(), indices.end(), start);
  return indices;
}

// Logits in float32 of images of any size: padded with air to what the network's strides ask for, and cut back.
torch::Tensor logits_of(nets::Segmenter& net, const torch::Tensor& image, const SegmentationOptions& options) {
  const std::int64_t multiple = std::int64_t{1} << (std::ssize(options.channels) - 1);
  const auto missing = [multiple](std::int64_t size) { return (multiple - size % multiple) % multiple; };
  const std::int64_t height = image.size(2), width = image.size(3);
  torch::Tensor x = image;
  if (missing(height) != 0 || missing(width) != 0) {
    x = torch::constant_pad_nd(x, {0, missing(width), 0, missing(height)}, -1);
  }
  const train::Autocast autocast(options.device, options.precision);
  const torch::Tensor logits = net->forward(x.to(options.device).contiguous(torch::MemoryFormat::ChannelsLast));
  return logits.narrow(2, 0, height).narrow(3, 0, width).to(torch::kFloat32);
}

void check(std::span<const Source> sources, const SegmentationOptions& options) {
  if (sources.empty() || options.steps < 1 || options.batch < 1 || options.validate_every < 1 ||
      options.channels.empty() || !(options.learning_rate > 0)) {
    throw std::invalid_argument("segmentation needs sources, steps, a batch, channels and a learning rate");
  }
  double shares = 0;
  for (const Source& source : sources) shares += source.share;
  if (sources[0].until != 1) throw std::invalid_argument("the first source gives patches to the end");
  if (std::abs(shares - 1) > 1e-6) throw std::invalid_argument("the shares of the sources do not add up to 1");
}

double mean_loss(nets::Segmenter& net, const PatchSet& set, const SegmentationOptions& options) {
  const torch::NoGradGuard no_gradients;
  double sum = 0;
  for (std::int64_t start = 0; start < set.size(); start += kPredictBatch) {
    const TrainingBatch batch = fetch(set, run_of(start, set.size()));
    const torch::Tensor logits = logits_of(net, batch.images.image, options).to(torch::kCPU);
    const torch::Tensor loss = segmentation_loss(logits, batch.images.label, batch.contoured);
    sum += loss.item<double>() * static_cast<double>(logits.size(0));
  }
  return sum / static_cast<double>(set.size());
}

CurvePoint validate(nets::Segmenter& net, const PatchSet& validation, const SegmentationOptions& options) {
  CurvePoint point;
  point.validation_loss = kNotScored;
  point.validation_dice.assign(validation.labels.size(), kNotScored);
  if (validation.size() == 0) return point;
  net->eval();
  point.validation_loss = mean_loss(net, validation, options);
  const std::vector<PatientDice> scores = score_patients(validation, predict(net, validation, options));
  for (std::size_t label = 1; label < validation.labels.size(); ++label) {
    std::vector<double> of_patients;
    for (const PatientDice& score : scores) of_patients.push_back(score.dice[label]);
    point.validation_dice[label] = mean_scored(of_patients);
  }
  net->train();
  return point;
}

// Three quarters of the way tell whether the last quarter still taught anything.
bool is_validated(std::int64_t step, const SegmentationOptions& options) {
  return step == options.steps || step == 3 * options.steps / 4 || step % options.validate_every == 0;
}

double rate_at(const SegmentationOptions& options, std::int64_t step) {
  const auto warmup = static_cast<double>(std::max<std::int64_t>(options.warmup, 1));
  const double left = 1 - static_cast<double>(step) / static_cast<double>(options.steps);
  return options.learning_rate * std::min(1.0, static_cast<double>(step + 1) / warmup) *
         std::pow(left, options.decay_power);
}

// The network, its optimiser and where its patches come from.
class Training {
 public:
  Training(std::span<const Source> sources, const SegmentationOptions& options, std::uint64_t seed)
      : options_(options), seed_(seed) {
    std::int64_t given = 0;
    for (const Source& source : sources) {
      samplers_.emplace_back(source);
      until_.push_back(source.until);
      counts_.push_back(static_cast<std::int64_t>(std::lround(source.share * static_cast<double>(options.batch))));
      given += counts_.back();
    }
    counts_[0] += options.batch - given;
    torch::manual_seed(seed);  // LibTorch initialises weights from its global generator only
    net_ = nets::Segmenter(nets::SegmenterConfig{1, std::ssize(sources[0].patches->labels), options.channels});
    net_->to(options.device);
    nets::use_channels_last(*net_);  // as its features are
    net_->train();
    train::AdamWOptions optimiser;
    optimiser.weight_decay = options.weight_decay;
    optimiser_.emplace(train::trained_parameters(*net_), optimiser);
  }

  // One optimiser step; returns the loss. Throws Diverged when it is not finite.
  double step(std::int64_t number) {
    // Of the seed and the step alone: a training that is gone on with draws what it would have drawn.
    const auto of_step = static_cast<std::uint64_t>(number);
    io::Random random(io::mix_seed(io::mix_seed(seed_, 2), of_step));
    auto generator = torch::make_generator<torch::CPUGeneratorImpl>(io::mix_seed(io::mix_seed(seed_, 1), of_step));
    TrainingBatch batch = draw(number, random);
    batch.images = augment(batch.images, options_.augmentation, generator);
    const torch::Tensor logits = logits_of(net_, batch.images.image, options_);
    const torch::Tensor loss =
        segmentation_loss(logits, batch.images.label.to(options_.device), batch.contoured.to(options_.device));
    const double value = loss.item<double>();
    if (!std::isfinite(value)) throw Diverged(number + 1);
    optimiser_->zero_grad();
    loss.backward();
    torch::nn::utils::clip_grad_norm_(net_->parameters(), options_.clip_norm);
    optimiser_->step(rate_at(options_, number));
    return value;
  }

  nets::Segmenter& net() { return net_; }

  std::map<std::string, torch::Tensor> state() {
    std::map<std::string, torch::Tensor> tensors;
    for (const auto& [name, tensor] : nets::named_tensors(*net_)) tensors[kWeights + name] = tensor;
    optimiser_->add_state(tensors);
    return tensors;
  }
  void restore(const std::map<std::string, torch::Tensor>& tensors) {
    nets::assign_tensors(*net_, train::with_prefix(tensors, kWeights), "the segmenter's weights");
    optimiser_->restore(tensors);
  }

 private:
  // Patches of each source in the batch of a step.
  std::vector<std::int64_t> counts_at(std::int64_t step) const {
    std::vector<std::int64_t> counts = counts_;
    for (std::size_t s = 1; s < counts.size(); ++s) {
      if (static_cast<double>(step) < until_[s] * static_cast<double>(options_.steps)) continue;
      counts[0] += counts[s];
      counts[s] = 0;
    }
    return counts;
  }

  TrainingBatch draw(std::int64_t step, io::Random& random) {
    const std::vector<std::int64_t> counts = counts_at(step);
    std::vector<torch::Tensor> images, labels, contoured;
    for (std::size_t s = 0; s < samplers_.size(); ++s) {
      if (counts[s] <= 0) continue;
      TrainingBatch part = samplers_[s].draw(counts[s], options_.foreground_share, random);
      images.push_back(part.images.image);
      labels.push_back(part.images.label);
      contoured.push_back(part.contoured);
    }
    return {{torch::cat(images), torch::cat(labels)}, torch::cat(contoured)};
  }

  SegmentationOptions options_;
  std::uint64_t seed_;
  std::vector<PatchSampler> samplers_;
  std::vector<std::int64_t> counts_;  // patches of a batch from each source
  std::vector<double> until_;         // Source::until
  nets::Segmenter net_{nullptr};
  std::optional<train::AdamW> optimiser_;
};

// What a training has come to besides its network.
struct Account {
  std::int64_t step = 0;
  double loss_sum = 0;  // since the last point of the curve
  std::int64_t losses = 0;
  double seconds = 0;
  std::vector<CurvePoint> curve;
};

// Row by row: step, training loss, validation loss, Dice of each label. [points,3+labels] float64.
torch::Tensor curve_tensor(const std::vector<CurvePoint>& curve, std::size_t labels) {
  const auto columns = static_cast<std::int64_t>(3 + labels);
  torch::Tensor rows = torch::empty({std::ssize(curve), columns}, torch::kFloat64);
  for (std::int64_t i = 0; i < std::ssize(curve); ++i) {
    const CurvePoint& point = curve[static_cast<std::size_t>(i)];
    double* row = rows[i].data_ptr<double>();
    *row++ = static_cast<double>(point.step);
    *row++ = point.training_loss;
    *row++ = point.validation_loss;
    std::copy(point.validation_dice.begin(), point.validation_dice.end(), row);
  }
  return rows;
}

std::vector<CurvePoint> curve_of(const torch::Tensor& rows) {
  std::vector<CurvePoint> curve;
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const double* row = rows[i].const_data_ptr<double>();
    curve.push_back({static_cast<std::int64_t>(row[0]), row[1], row[2], {row + 3, row + rows.size(1)}});
  }
  return curve;
}

void save(Training& training, const Account& account, std::size_t labels, const SegmentationHooks& hooks) {
  train::Checkpoint checkpoint;
  checkpoint.step = account.step;
  checkpoint.tensors = training.state();
  checkpoint.tensors["curve"] = curve_tensor(account.curve, labels);
  checkpoint.tensors["account"] =
      torch::tensor({account.loss_sum, static_cast<double>(account.losses), account.seconds}, torch::kFloat64);
  checkpoint.metadata["identity"] = hooks.identity;
  hooks.store->save(checkpoint);
}

Account resume(Training& training, const SegmentationHooks& hooks) {
  if (!hooks.store) return {};
  const auto found = hooks.store->load_newest();
  if (!found || found->metadata.at("identity") != hooks.identity) {
    for (const auto& file : hooks.store->files()) std::filesystem::remove(file);
    return {};
  }
  training.restore(found->tensors);
  const torch::Tensor account = found->tensors.at("account");
  return {found->step, account[0].item<double>(), static_cast<std::int64_t>(account[1].item<double>()),
          account[2].item<double>(), curve_of(found->tensors.at("curve"))};
}

}  // namespace

Diverged::Diverged(std::int64_t at)
    : std::runtime_error("the segmenter's loss is not finite at step " + std::to_string(at)), step(at) {}

torch::Tensor predict(nets::Segmenter& net, const PatchSet& set, const SegmentationOptions& options) {
  const torch::NoGradGuard no_gradients;
  torch::Tensor out = torch::empty({set.size(), set.height, set.width}, torch::kUInt8);
  for (std::int64_t start = 0; start < set.size(); start += kPredictBatch) {
    const torch::Tensor hu = set.pixels(run_of(start, set.size())).hu;
    const torch::Tensor logits = logits_of(net, windowed(hu, set.window_hu).unsqueeze(1), options);
    out.narrow(0, start, hu.size(0)).copy_(logits.argmax(1));
  }
  return out;
}

TrainedSegmenter train_segmenter(std::span<const Source> sources, const PatchSet& validation,
                                 const SegmentationOptions& options, std::uint64_t seed,
                                 const SegmentationHooks& hooks) {
  check(sources, options);
  Training training(sources, options, seed);
  Account account = resume(training, hooks);
  while (account.step < options.steps) {
    const auto started = std::chrono::steady_clock::now();
    account.loss_sum += training.step(account.step++);
    ++account.losses;
    account.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (is_validated(account.step, options)) {
      CurvePoint point = validate(training.net(), validation, options);
      point.step = account.step;
      point.training_loss = account.loss_sum / static_cast<double>(account.losses);
      account.curve.push_back(std::move(point));
      account.loss_sum = 0;
      account.losses = 0;
    }
    if (hooks.store && hooks.save()) save(training, account, sources[0].patches->labels.size(), hooks);
    hooks.after_step(account.step);
  }
  TrainedSegmenter trained;
  trained.curve = std::move(account.curve);
  trained.net = training.net();
  trained.net->eval();
  trained.patches_per_second = static_cast<double>(options.steps * options.batch) / account.seconds;
  return trained;
}

}  // namespace ctforge::eval
