// Loss, loop and reconstruction error of the autoencoder.
#include "pipeline/train_autoencoder.h"

#include "io/random.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"
#include "models/train/data_order.h"
#include "pipeline/config_tree.h"
#include "pipeline/log.h"
#include "pipeline/train_options.h"

#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr std::uint64_t kStream = 0x6175746f656e63;  // of the run's seed
constexpr std::uint64_t kOrderStream = 1, kInitialStream = 2;
constexpr std::int64_t kMostReconstructed = 2048, kReconstructionBatch = 64;

torch::Tensor channels_last(const torch::Tensor& x, bool wanted) {
  return wanted ? x.contiguous(torch::MemoryFormat::ChannelsLast) : x;
}

// decoded - image, but nothing where both lie at or beyond the same end of the window: what is decoded is clipped as
// the image was. Without this, the sign of tiny errors in air, most of many images, outweighs all else in the L1 loss.
torch::Tensor within_window(const torch::Tensor& decoded, const torch::Tensor& image) {
  const auto beyond = image.le(-1).logical_and(decoded.lt(-1)).logical_or(image.ge(1).logical_and(decoded.gt(1)));
  return (decoded - image).masked_fill(beyond, 0);
}

torch::Tensor neighbour_differences_l1(const torch::Tensor& error) {
  // |d(a) - d(b)| = |d(a - b)|
  const auto along = [&error](std::int64_t axis) { return torch::diff(error, 1, axis).abs().mean(); };
  return 0.5 * (along(2) + along(3));
}

// 1 - mean over the labels present of the Dice over the whole batch (Milletari et al. 2016, eq. 1, not squared).
torch::Tensor soft_dice_loss(const torch::Tensor& logits, const torch::Tensor& target) {
  const std::int64_t labels = logits.size(1);
  const auto truth = torch::one_hot(target, labels).permute({0, 3, 1, 2}).to(torch::kFloat32);  // [N,labels,H,W]
  const auto probability = torch::softmax(logits, 1);
  const auto overlap = (probability * truth).sum({0, 2, 3}).slice(0, 1);
  const auto truth_size = truth.sum({0, 2, 3}).slice(0, 1);
  const auto dice = 2 * overlap / (probability.sum({0, 2, 3}).slice(0, 1) + truth_size + 1e-6);
  const auto present = truth_size.gt(0).to(torch::kFloat32);
  return ((1 - dice) * present).sum() / present.sum().clamp_min(1);
}

// What must be the same for a checkpoint to be gone on with.
std::string identity(const TrainConfig& config, const Context& context, const std::string& data_sha256) {
  const ordered_json all = settings_of(config);
  ordered_json own = all.at("autoencoder");
  own.erase("time_limit_min");
  ordered_json json{{"autoencoder", own}};
  for (const char* key :
       {"weight_decay", "beta1", "beta2", "clip_norm", "class_weighting", "precision", "channels_last"})
    json[key] = all.at(key);
  json["seed"] = context.seed;
  json["data_sha256"] = data_sha256;
  return json.dump();
}

train::TrainerOptions trainer_options(const TrainConfig& config, const Context& context,
                                      const std::string& data_sha256) {
  const AutoencoderTraining& own = config.autoencoder;
  train::TrainerOptions options = shared_options(config);
  options.steps = own.steps;
  options.learning_rate = {.peak = own.learning_rate, .schedule = train::Schedule::Cosine, .warmup_steps = own.warmup};
  options.ema = {own.ema_half_life, config.ema_ramp};
  options.time_limit_s = own.time_limit_min * 60;
  options.seed = io::mix_seed(context.seed, kStream);
  options.configuration = identity(config, context, data_sha256);
  return options;
}

ordered_json figures_of(const AutoencoderLoss& loss) {
  return {{"l1", loss.l1.item<double>()},
          {"gradient_l1", loss.gradient.item<double>()},
          {"cross_entropy", loss.cross_entropy.item<double>()},
          {"dice_loss", loss.dice.item<double>()},
          {"kl", loss.kl.item<double>()}};
}

train::StepFunction step_function(const TrainConfig& config, const PatchTensors& patches, nets::Autoencoder net,
                                  torch::Device device, std::uint64_t seed, std::shared_ptr<AutoencoderLoss> last) {
  const auto order = std::make_shared<train::DataOrder>(train::class_weights(patches.classes(), config.class_weighting),
                                                        io::mix_seed(seed, kOrderStream));
  const auto weights = torch::tensor(label_weights(patches.label_frequencies(), config.autoencoder.mask_tempering))
                           .to(device, torch::kFloat32);
  return [&config, &patches, net, device, order, weights, last](const train::StepInput& input) mutable {
    const AutoencoderTraining& own = config.autoencoder;
    torch::Generator generator = seeded(input.seed);
    PatchBatch batch = patches.batch(order->items(input.draw * own.batch, own.batch));
    batch = jittered(std::move(batch), own.jitter, generator);
    const auto image = batch.image.to(device), mask = batch.mask.to(device);
    nets::Moments moments =
        net->encode(channels_last(joint_input(image, mask, patches.labels()), config.channels_last));
    moments = {moments.mean.to(torch::kFloat32), moments.logvar.to(torch::kFloat32)};
    const auto noise = torch::randn(moments.mean.sizes(), generator).to(device);
    const auto latents = channels_last(moments.sample(noise), config.channels_last);
    const auto loss = autoencoder_loss(own, image, mask, net->decode(latents), moments, weights);
    *last = loss;
    last->total = torch::Tensor();  // keeps the graph from living on
    return loss.total;
  };
}

void measure(TrainedAutoencoder& trained, const PatchTensors& validation, torch::Device device, std::int64_t step,
             const MetricsLog& metrics) {
  // Found again when a run goes on: the weights are the same.
  ordered_json found = metrics.find("autoencoder", "validation", step);
  if (found.is_null()) {
    found = reconstruction(trained.net, validation, device);
    metrics.add("autoencoder", "validation", step, found);
  }
  for (const char* key : {"hu_mae", "mask_dice", "patches"}) trained.summary["reconstruction"][key] = found.at(key);
  char text[64];
  std::snprintf(text, sizeof text, "%.1f HU", found.at("hu_mae").get<double>());
  log_info(std::string("train: the autoencoder's mean absolute error on validation patients is ") + text +
           ", Dice of its masks " + found.at("mask_dice").dump());
}

}  // namespace

nets::AutoencoderConfig autoencoder_config(const AutoencoderTraining& config, const io::ShardInfo& patches) {
  nets::AutoencoderConfig net;
  net.in_channels = net.out_channels = 1 + static_cast<std::int64_t>(patches.labels.size());
  net.block_out_channels = config.channels;
  net.layers_per_block = config.layers_per_block;
  net.latent_channels = config.latent_channels;
  net.norm_num_groups = config.norm_groups;
  net.sample_size = patches.height;
  net.mid_block_add_attention = config.mid_attention;
  try {
    nets::validate(net);
  } catch (const std::invalid_argument& error) {
    throw ConfigError({{"configuration", "train.autoencoder", error.what()}});
  }
  const std::int64_t factor = std::int64_t{1} << (config.channels.size() - 1);
  if (patches.height % factor != 0 || patches.width % factor != 0)
    throw ConfigError({{"the prepared data", "train.autoencoder.channels",
                        std::to_string(config.channels.size()) + " levels need patches whose sides are multiples of " +
                            std::to_string(factor) + "; found " + std::to_string(patches.height) + "x" +
                            std::to_string(patches.width)}});
  return net;
}

std::vector<double> label_weights(const std::vector<double>& frequencies, double tempering) {
  std::vector<double> weights;
  double average = 0;
  for (const double frequency : frequencies) {
    weights.push_back(frequency > 0 ? std::pow(frequency, -tempering) : 0.0);
    average += frequency * weights.back();
  }
  for (double& weight : weights) weight = weight > 0 ? weight / average : 1.0;
  return weights;
}

AutoencoderLoss autoencoder_loss(const AutoencoderTraining& config, const torch::Tensor& image,
                                 const torch::Tensor& mask, const torch::Tensor& output, const nets::Moments& moments,
                                 const torch::Tensor& weights) {
  const std::int64_t labels = weights.size(0);
  const auto decoded = output.to(torch::kFloat32);
  const auto error = within_window(decoded.narrow(1, 0, 1), image);
  const auto logits = decoded.narrow(1, 1, labels);
  const auto target = mask.to(torch::kInt64);
  AutoencoderLoss loss;
  loss.l1 = error.abs().mean();
  loss.gradient = neighbour_differences_l1(error);
  // Weighted per pixel and averaged over all of them, so that a batch without rare labels does not count as much.
  const auto per_pixel = torch::nn::functional::cross_entropy(
      logits, target, torch::nn::functional::CrossEntropyFuncOptions().weight(weights).reduction(torch::kNone));
  loss.cross_entropy = per_pixel.mean();
  loss.dice = soft_dice_loss(logits, target);
  const std::int64_t elements = moments.mean.numel() / moments.mean.size(0);
  loss.kl = moments.kl().mean() / static_cast<double>(elements);
  loss.total = loss.l1 + config.gradient_weight * loss.gradient + config.mask_weight * loss.cross_entropy +
               config.dice_weight * loss.dice + config.kl_weight * loss.kl;
  for (auto* part : {&loss.l1, &loss.gradient, &loss.cross_entropy, &loss.dice, &loss.kl}) *part = part->detach();
  return loss;
}

ordered_json reconstruction(nets::Autoencoder& net, const PatchTensors& patches, torch::Device device) {
  const torch::NoGradGuard no_grad;
  const std::int64_t labels = patches.labels();
  const auto items = evenly_spaced(patches.size(), kMostReconstructed);
  double absolute_error = 0;
  auto overlap = torch::zeros({labels}, torch::kInt64), sizes = torch::zeros({labels}, torch::kInt64);
  for (std::size_t first = 0; first < items.size(); first += kReconstructionBatch) {
    const auto last = std::min(items.size(), first + kReconstructionBatch);
    const PatchBatch batch = patches.batch(
        {items.begin() + static_cast<std::ptrdiff_t>(first), items.begin() + static_cast<std::ptrdiff_t>(last)});
    const auto input = joint_input(batch.image, batch.mask, labels).to(device);
    const auto output = net->decode(net->encode(channels_last(input, true)).mean).to(torch::kCPU).contiguous();
    const auto image = output.narrow(1, 0, 1).clamp(-1, 1);
    const auto mask = output.narrow(1, 1, labels).argmax(1);
    absolute_error += (image - batch.image).abs().to(torch::kFloat64).sum().item<double>();
    const auto truth = batch.mask.to(torch::kInt64);
    overlap += torch::bincount(truth.masked_select(mask.eq(truth)), {}, labels);
    sizes += torch::bincount(truth.flatten(), {}, labels) + torch::bincount(mask.flatten(), {}, labels);
  }
  const auto& info = patches.info();
  const double pixels = static_cast<double>(static_cast<std::int64_t>(items.size()) * info.height * info.width);
  ordered_json dice = ordered_json::object();
  for (std::int64_t label = 1; label < labels; ++label) {
    const auto size = sizes[label].item<std::int64_t>();
    auto& entry = dice[info.labels[static_cast<std::size_t>(label)]];
    if (size > 0) entry = 2.0 * overlap[label].item<double>() / static_cast<double>(size);
  }
  // The [-1,1] scale spans the window.
  return {{"hu_mae", absolute_error / pixels * (info.window_hu[1] - info.window_hu[0]) / 2},
          {"mask_dice", dice},
          {"patches", items.size()}};
}

TrainedAutoencoder train_autoencoder(const TrainConfig& config, const Context& context, const PatchTensors& patches,
                                     const PatchTensors* validation, const std::string& data_sha256,
                                     const MetricsLog& metrics) {
  const torch::Device device(context.device);
  const train::TrainerOptions options = trainer_options(config, context, data_sha256);
  torch::manual_seed(io::mix_seed(options.seed, kInitialStream));
  nets::Autoencoder net(autoencoder_config(config.autoencoder, patches.info()));
  net->to(device);
  const auto last = std::make_shared<AutoencoderLoss>();
  const Phase phase{"autoencoder", "autoencoder steps", options.steps, config.autoencoder.batch};
  const fs::path folder = context.out / "checkpoints";
  train::Trainer trainer(*net, options,
                         train::CheckpointStore(folder, "autoencoder", static_cast<int>(config.keep_checkpoints)),
                         phase_hooks(phase, context, metrics, [last] { return figures_of(*last); }));
  const std::string outcome =
      outcome_name(trainer.run(step_function(config, patches, net, device, options.seed, last)));

  TrainedAutoencoder trained{net, {}};
  nets::assign_tensors(*net, trainer.ema().state(), "the autoencoder's averaged weights");
  for (auto& parameter : net->parameters()) parameter.requires_grad_(false);
  net->eval();
  nets::save_diffusers(net, folder / "autoencoder");
  std::int64_t parameters = 0;
  for (const auto& parameter : net->parameters()) parameters += parameter.numel();
  trained.summary = {{"outcome", outcome},
                     {"steps", trainer.steps_done()},
                     {"parameters", parameters},
                     {"seconds", trainer.elapsed_s()}};
  if (validation != nullptr) measure(trained, *validation, device, trainer.steps_done(), metrics);
  return trained;
}

}  // namespace ctforge::pipeline
