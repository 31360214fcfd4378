// Loss, loop and reconstruction error of the autoencoder.
#include "pipeline/train/train_autoencoder.h"

#include "io/file/random.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"
#include "models/train/data_order.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/evaluate/evaluate_inputs.h"
#include "pipeline/train/autoencoder_critics.h"
#include "pipeline/train/autoencoder_report.h"
#include "pipeline/train/train_options.h"
#include "pipeline/train/train_share.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr std::uint64_t kAutoencoderStream = 0x6175746f656e63;  // of the run's seed
// Below this nothing is left of a patch behind the discriminator's convolutions.
constexpr std::int64_t kLeastJudged = 24;
constexpr std::uint64_t kAutoencoderOrderStream = 1, kAutoencoderInitialStream = 2;

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
torch::Tensor soft_dice_loss(const torch::Tensor& logits, const torch::Tensor& target, train::Group* group) {
  const std::int64_t labels = logits.size(1);
  const auto truth = torch::one_hot(target, labels).permute({0, 3, 1, 2}).to(torch::kFloat32);  // [N,labels,H,W]
  const auto probability = torch::softmax(logits, 1);
  auto sums = torch::stack({(probability * truth).sum({0, 2, 3}), truth.sum({0, 2, 3}), probability.sum({0, 2, 3})});
  if (group != nullptr) sums = group->whole_sum(sums);
  const auto overlap = sums[0].slice(0, 1), truth_size = sums[1].slice(0, 1);
  const auto dice = 2 * overlap / (sums[2].slice(0, 1) + truth_size + 1e-6);
  const auto present = truth_size.gt(0).to(torch::kFloat32);
  return ((1 - dice) * present).sum() / present.sum().clamp_min(1);
}

// What must be the same for a checkpoint to be gone on with.
std::string identity(const TrainConfig& config, const Context& context, const std::string& data_sha256) {
  const ordered_json all = settings_of(config);
  ordered_json own = all.at("autoencoder");
  own.erase("time_limit_min");
  own.erase("tile");
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
  options.seed = io::mix_seed(context.seed, kAutoencoderStream);
  options.configuration = identity(config, context, data_sha256);
  options.group = context.group;
  return options;
}

ordered_json figures_of(const AutoencoderLoss& loss) {
  return {{"l1", loss.l1.item<double>()},
          {"gradient_l1", loss.gradient.item<double>()},
          {"cross_entropy", loss.cross_entropy.item<double>()},
          {"dice_loss", loss.dice.item<double>()},
          {"kl", loss.kl.item<double>()}};
}

// The autoencoder and, where it has one, its discriminator. Parameters have the autoencoder's own names where there is
// no discriminator, else names that begin with "autoencoder.".
class AutoencoderLearnerImpl : public torch::nn::Module {
 public:
  AutoencoderLearnerImpl(nets::Autoencoder net, const AutoencoderTraining& config) : autoencoder(std::move(net)) {
    register_module("autoencoder", autoencoder);
    if (config.adversarial_weight > 0)
      discriminator = register_module("discriminator", nets::Discriminator(1, config.adversarial_channels, 3));
  }
  torch::Tensor last_layer() const { return autoencoder->named_parameters()["decoder.conv_out.weight"]; }

  nets::Autoencoder autoencoder{nullptr};
  nets::Discriminator discriminator{nullptr};
};
TORCH_MODULE(AutoencoderLearner);

std::optional<PerceptualLoss> perceptual_loss(const AutoencoderTraining& config, torch::Device device) {
  if (config.perceptual_weight == 0) return std::nullopt;
  const auto weights = find_lite0("auto");
  if (!weights)
    throw ConfigError({{"configuration", "train.autoencoder.perceptual_weight",
                        "needs the weights of EfficientNet-Lite0, which were not found: name their file with "
                        "CTFORGE_LITE0"}});
  return PerceptualLoss(*weights, device);
}

class AutoencoderLesson {
 public:
  AutoencoderLesson(const TrainConfig& config, const PatchTensors& patches, AutoencoderLearner learner,
                    torch::Device device, std::uint64_t seed, train::Group* group)
      : config_(config),
        own_(config.autoencoder),
        patches_(patches),
        learner_(std::move(learner)),
        device_(device),
        group_(group),
        share_(share_of(group, own_.batch)),
        order_(train::class_weights(patches.classes(), config.class_weighting),
               io::mix_seed(seed, kAutoencoderOrderStream)),
        weights_(
            torch::tensor(label_weights(patches.label_frequencies(), own_.mask_tempering)).to(device, torch::kFloat32)),
        perceptual_(perceptual_loss(own_, device)) {}

  torch::Tensor step(const train::StepInput& input) {
    torch::Generator generator = seeded(input.seed);
    PatchBatch batch = patches_.batch(share_.of(order_.items(input.draw * own_.batch, own_.batch)));
    batch = jittered(std::move(batch), share_, own_.jitter, generator);
    const auto image = batch.image.to(device_), mask = batch.mask.to(device_);
    nets::Autoencoder net = learner_->autoencoder;
    nets::Moments moments =
        net->encode(channels_last(joint_input(image, mask, patches_.labels()), config_.channels_last));
    moments = {moments.mean.to(torch::kFloat32), moments.logvar.to(torch::kFloat32)};
    auto sizes = moments.mean.sizes().vec();
    sizes[0] = share_.whole;
    const auto noise = share_.of(torch::randn(sizes, generator)).to(device_);
    const auto output = net->decode(channels_last(moments.sample(noise), config_.channels_last));
    last_ = autoencoder_loss(own_, image, mask, output, moments, weights_, group_);
    // What lies beyond the window is clipped when it is used, and is no fault.
    const auto decoded = output.narrow(1, 0, 1).to(torch::kFloat32).clamp(-1, 1);
    torch::Tensor total = std::exchange(last_.total, torch::Tensor());  // which would keep the graph alive
    if (perceptual_) {
      const auto part = (*perceptual_)(decoded, image);
      perceptual_value_ = part.detach();
      total = total + own_.perceptual_weight * part;
    }
    if (!learner_->discriminator.is_empty()) total = total + adversarial(decoded, image, total, input.step);
    return total;
  }

  // Unweighted parts of the last step's loss, of the whole batch.
  ordered_json figures() const {
    ordered_json json = figures_of(last_);
    if (perceptual_value_.defined()) json["perceptual"] = perceptual_value_.item<double>();
    if (discriminator_value_.defined()) json["discriminator"] = discriminator_value_.item<double>();
    if (group_ == nullptr) return json;
    std::vector<double> values;
    for (const auto& value : json) values.push_back(value.get<double>() / group_->size());
    values = group_->sum(values);
    std::size_t i = 0;
    for (auto& value : json) value = values[i++];
    return json;
  }

 private:
  torch::Tensor adversarial(const torch::Tensor& decoded, const torch::Tensor& image, const torch::Tensor& so_far,
                            std::int64_t step) {
    // Before its start the discriminator takes part with weight 0, so that the optimiser knows all parameters.
    const double heard = step >= own_.adversarial_start ? 1 : 0;
    const auto loss = adversarial_loss(learner_->discriminator, decoded, image);
    discriminator_value_ = loss.discriminator.detach();
    if (heard == 0) return 0 * loss.discriminator;
    return own_.adversarial_weight * balance(so_far, loss.generator, learner_->last_layer(), group_) * loss.generator +
           loss.discriminator;
  }

  const TrainConfig& config_;
  const AutoencoderTraining& own_;
  const PatchTensors& patches_;
  AutoencoderLearner learner_;
  torch::Device device_;
  train::Group* group_;
  nets::BatchShare share_;
  train::DataOrder order_;
  torch::Tensor weights_;
  std::optional<PerceptualLoss> perceptual_;
  AutoencoderLoss last_;
  torch::Tensor perceptual_value_, discriminator_value_;
};

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
                                 const torch::Tensor& weights, train::Group* group) {
  const std::int64_t labels = weights.size(0);
  const auto decoded = output.to(torch::kFloat32);
  const auto error = within_window(decoded.narrow(1, 0, 1), image);
  const auto logits = decoded.narrow(1, 1, labels);
  const auto target = mask.to(torch::kInt64);
  AutoencoderLoss loss;
  loss.l1 = error.abs().mean();
  loss.gradient = neighbour_differences_l1(error);
  // Weighted per pixel and averaged over all of them, so that a batch without rare labels does not count as much.
  // Not by cross_entropy, which has no deterministic kernel on GPUs.
  const auto of_target = torch::log_softmax(logits, 1).gather(1, target.unsqueeze(1)).squeeze(1);
  loss.cross_entropy = (-weights.index_select(0, target.flatten()).view_as(of_target) * of_target).mean();
  loss.dice = soft_dice_loss(logits, target, group);
  const std::int64_t elements = moments.mean.numel() / moments.mean.size(0);
  loss.kl = moments.kl().mean() / static_cast<double>(elements);
  loss.total = loss.l1 + config.gradient_weight * loss.gradient + config.mask_weight * loss.cross_entropy +
               config.dice_weight * loss.dice + config.kl_weight * loss.kl;
  for (auto* part : {&loss.l1, &loss.gradient, &loss.cross_entropy, &loss.dice, &loss.kl}) *part = part->detach();
  return loss;
}

bool trains_same_autoencoder(const TrainConfig& a, const TrainConfig& b) {
  const bool both = a.codec == "autoencoder" && b.codec == a.codec && a.from.empty() && b.from.empty();
  return both && a.seed == b.seed && a.partly_contoured == b.partly_contoured &&
         a.autoencoder.time_limit_min == b.autoencoder.time_limit_min && identity(a, {}, "") == identity(b, {}, "");
}

TrainedAutoencoder train_autoencoder(const TrainConfig& config, const Context& context, const PatchTensors& patches,
                                     const PatchTensors* validation, const std::string& data_sha256,
                                     const MetricsLog& metrics) {
  const torch::Device device(context.device);
  const train::TrainerOptions options = trainer_options(config, context, data_sha256);
  torch::manual_seed(io::mix_seed(options.seed, kAutoencoderInitialStream));
  nets::Autoencoder net(autoencoder_config(config.autoencoder, patches.info()));
  net->to(device);
  AutoencoderLearner learner(net, config.autoencoder);
  learner->to(device);
  if (config.channels_last) nets::use_channels_last(*learner);
  const bool judged = config.autoencoder.adversarial_weight > 0;
  if (judged && std::min(patches.info().height, patches.info().width) < kLeastJudged)
    throw ConfigError({{"the prepared data", "train.autoencoder.adversarial_weight",
                        "needs patches of " + std::to_string(kLeastJudged) + " pixels at least along each side"}});
  torch::nn::Module& module = judged ? static_cast<torch::nn::Module&>(*learner) : *net;
  AutoencoderLesson lesson(config, patches, learner, device, options.seed, context.group);
  const Phase phase{"autoencoder", "autoencoder steps", options.steps, config.autoencoder.batch, options.time_limit_s};
  const fs::path folder = context.out / "checkpoints";
  train::Trainer trainer(module, options,
                         train::CheckpointStore(folder, "autoencoder", static_cast<int>(config.keep_checkpoints)),
                         phase_hooks(phase, context, metrics, [&lesson] { return lesson.figures(); }));
  const std::string outcome =
      outcome_name(trainer.run([&lesson](const train::StepInput& input) { return lesson.step(input); }));

  TrainedAutoencoder trained{net, {}};
  const auto averaged = trainer.ema().state();
  nets::assign_tensors(*net, judged ? train::with_prefix(averaged, "autoencoder.") : averaged,
                       "the autoencoder's averaged weights");
  for (auto& parameter : net->parameters()) parameter.requires_grad_(false);
  net->eval();
  if (context.leads) nets::save_diffusers(net, folder / "autoencoder");
  std::int64_t parameters = 0;
  for (const auto& parameter : net->parameters()) parameters += parameter.numel();
  trained.summary = {{"outcome", outcome},
                     {"steps", trainer.steps_done()},
                     {"parameters", parameters},
                     {"seconds", trainer.elapsed_s()}};
  if (!trainer.damaged_checkpoints().empty()) trained.summary["damaged_checkpoints"] = trainer.damaged_checkpoints();
  if (validation != nullptr && context.leads)
    trained.summary["reconstruction"] =
        measured_reconstruction(net, *validation, device, {config.autoencoder.tile}, trainer.steps_done(), metrics);
  return trained;
}

}  // namespace ctforge::pipeline
