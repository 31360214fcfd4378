// Loss, loop and validation of the diffusion model.
#include "pipeline/train_diffusion.h"

#include "io/random.h"
#include "models/diffusion/loss.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"
#include "models/train/data_order.h"
#include "models/train/recompute.h"
#include "pipeline/config_tree.h"
#include "pipeline/train_method.h"
#include "pipeline/train_options.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr std::uint64_t kStream = 0x646966667573;  // of the run's seed
constexpr std::uint64_t kOrderStream = 1, kInitialStream = 2, kValidationStream = 3;

// What must be the same for a checkpoint to be gone on with. Only a schedule that ends depends on the number of steps.
std::string identity(const TrainConfig& config, const Context& context, const GeneratorRecord& record,
                     const std::string& data_sha256) {
  ordered_json json = settings_of(config);
  for (const char* key : {"checkpoint_every", "checkpoint_every_s", "keep_checkpoints", "log_every", "validate_every",
                          "time_limit_min", "gradient_checkpointing", "autoencoder"})
    json.erase(key);
  if (config.schedule != "cosine") json.erase("steps");
  json["seed"] = context.seed;
  json["data_sha256"] = data_sha256;
  json["autoencoder_sha256"] = record.autoencoder_sha256;
  return json.dump();
}

train::TrainerOptions trainer_options(const TrainConfig& config, const Context& context, const GeneratorRecord& record,
                                      const std::string& data_sha256) {
  train::TrainerOptions options = shared_options(config);
  options.steps = config.steps;
  options.learning_rate = {.peak = config.learning_rate,
                           .schedule = train::schedule_from_name(config.schedule),
                           .warmup_steps = config.warmup,
                           .reference_steps = config.schedule_reference};
  options.ema = {config.ema_half_life, config.ema_ramp};
  options.accumulate = config.accumulate;
  options.time_limit_s = config.time_limit_min * 60;
  options.seed = io::mix_seed(context.seed, kStream);
  options.configuration = identity(config, context, record, data_sha256);
  return options;
}

// The network, its loss and the data: what the steps and the validation have in common.
class Denoising {
 public:
  Denoising(const TrainConfig& config, const GeneratorRecord& record, const DiffusionData& data, nets::UNet net,
            torch::Device device, std::uint64_t seed)
      : config_(config),
        record_(record),
        data_(data),
        net_(std::move(net)),
        device_(device),
        seed_(seed),
        parametrisation_(parametrisation_of(record)),
        loss_options_(loss_options_of(config)),
        order_(train::class_weights(data.classes, config.class_weighting), io::mix_seed(seed, kOrderStream)) {}

  torch::Tensor step(const train::StepInput& input) {
    torch::Generator generator = seeded(input.seed);
    const auto items = order_.items(input.draw * config_.batch, config_.batch);
    const auto x0 = data_.draw(items, generator);
    std::vector<std::int64_t> classes;
    for (const std::int64_t item : items) classes.push_back(data_.classes[static_cast<std::size_t>(item)]);
    const auto labels = drop_labels(torch::tensor(classes, torch::kInt64), config_.label_dropout,
                                    static_cast<std::int64_t>(record_.patches.classes.size()), generator);
    return loss(x0, labels, generator);
  }

  // Mean over the validation patches, with noise that is the same each time; eval mode, the weights the network has.
  double validate() {
    const torch::NoGradGuard no_grad;
    const train::Autocast autocast(device_, train::precision_from_name(config_.precision));
    net_->eval();
    torch::Generator generator = seeded(io::mix_seed(seed_, kValidationStream));
    const std::int64_t count = data_.validation.size(0);
    double sum = 0;
    for (std::int64_t first = 0; first < count; first += config_.batch) {
      const std::int64_t part = std::min(config_.batch, count - first);
      sum += static_cast<double>(part) *
             loss(data_.validation.narrow(0, first, part), data_.validation_labels.narrow(0, first, part), generator)
                 .item<double>();
    }
    net_->train();
    return sum / static_cast<double>(count);
  }

 private:
  torch::Tensor loss(const torch::Tensor& x0, const torch::Tensor& labels, torch::Generator& generator) {
    const auto noise = torch::randn(x0.sizes(), generator);
    const diffusion::Net net = [this](const torch::Tensor& x, const torch::Tensor& c_noise,
                                      const diffusion::Condition& condition) {
      return net_->forward(config_.channels_last ? x.contiguous(torch::MemoryFormat::ChannelsLast) : x, c_noise,
                           condition.labels);
    };
    return diffusion::denoising_loss(net, parametrisation_, x0.to(device_), noise.to(device_), {labels.to(device_)},
                                     loss_options_, generator)
        .loss;
  }

  const TrainConfig& config_;
  const GeneratorRecord& record_;
  const DiffusionData& data_;
  nets::UNet net_;
  torch::Device device_;
  std::uint64_t seed_;
  diffusion::Parametrisation parametrisation_;
  diffusion::LossOptions loss_options_;
  train::DataOrder order_;
};

void export_unet(const GeneratorRecord& record, const train::Ema& ema, const fs::path& folder) {
  nets::UNet averaged(record.unet);
  nets::assign_tensors(*averaged, ema.state(), "the U-Net's averaged weights");
  nets::save_diffusers(averaged, folder);
}

}  // namespace

nets::UNetConfig unet_config(const TrainConfig& config, const std::array<std::int64_t, 3>& latent_shape,
                             std::int64_t classes) {
  const UNetTraining& own = config.unet;
  nets::UNetConfig net;
  net.sample_size = latent_shape[1];
  net.in_channels = latent_shape[0];
  net.out_channels = latent_shape[0] * (config.learned_variance ? 2 : 1);
  net.block_out_channels = own.channels;
  nets::set_attention(net, {own.attention.begin(), own.attention.end()});
  net.layers_per_block = own.layers_per_block;
  net.attention_head_dim = own.head_dim;
  net.norm_num_groups = own.norm_groups;
  net.num_class_embeds = classes + 1;
  net.dropout = own.dropout;
  try {
    nets::validate(net);
  } catch (const std::invalid_argument& error) {
    throw ConfigError({{"configuration", "train.unet", error.what()}});
  }
  const std::int64_t factor = std::int64_t{1} << (own.channels.size() - 1);
  if (latent_shape[1] % factor != 0 || latent_shape[2] % factor != 0)
    throw ConfigError(
        {{"the prepared data", "train.unet.channels",
          std::to_string(own.channels.size()) + " levels need sides that are multiples of " + std::to_string(factor) +
              "; what is diffused is " + std::to_string(latent_shape[1]) + "x" + std::to_string(latent_shape[2])}});
  return net;
}

torch::Tensor drop_labels(const torch::Tensor& labels, double probability, std::int64_t no_class,
                          torch::Generator& generator) {
  const auto dropped = torch::rand(labels.sizes(), generator).lt(probability);
  return torch::where(dropped, torch::full_like(labels, no_class), labels);
}

ordered_json train_diffusion(const TrainConfig& config, const Context& context, const GeneratorRecord& record,
                             const DiffusionData& data, const std::string& data_sha256, const MetricsLog& metrics) {
  const torch::Device device(context.device);
  const train::TrainerOptions options = trainer_options(config, context, record, data_sha256);
  torch::manual_seed(io::mix_seed(options.seed, kInitialStream));
  nets::UNet net(record.unet);
  net->to(device);
  if (config.gradient_checkpointing) net->set_block_runner(train::recomputed);
  Denoising denoising(config, record, data, net, device, options.seed);
  const Phase phase{"diffusion", "steps", config.steps, config.batch * config.accumulate};
  train::Hooks hooks = phase_hooks(phase, context, metrics);
  train::Trainer* running = nullptr;
  hooks.after_step = [&, report = hooks.after_step](std::int64_t step) {
    report(step);
    const bool due = config.validate_every > 0 && (step % config.validate_every == 0 || step == config.steps);
    if (!due || !data.validation.defined()) return;
    const train::EmaScope averaged(*net, running->ema());
    metrics.add(phase.name, "validation", step, {{"loss", denoising.validate()}});
  };
  const fs::path folder = context.out / "checkpoints";
  train::Trainer trainer(*net, options,
                         train::CheckpointStore(folder, "generator", static_cast<int>(config.keep_checkpoints)), hooks);
  running = &trainer;
  trainer.set_metadata(kGeneratorRecord, to_json(record));
  const std::string outcome =
      outcome_name(trainer.run([&denoising](const train::StepInput& input) { return denoising.step(input); }));
  export_unet(record, trainer.ema(), folder / "unet");
  ordered_json summary{{"outcome", outcome},
                       {"steps", trainer.steps_done()},
                       {"parameters", nets::parameter_count(*net)},
                       {"seconds", trainer.elapsed_s()},
                       {"checkpoint_sha256", trainer.checkpoint_sha256()}};
  const ordered_json validated = metrics.find(phase.name, "validation", trainer.steps_done());
  if (!validated.is_null()) summary["validation_loss"] = validated.at("loss");
  return summary;
}

}  // namespace ctforge::pipeline
