// Loss, loop and validation of the diffusion model.
#include "pipeline/train/train_diffusion.h"

#include "io/file/fault.h"
#include "io/file/random.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"
#include "models/train/recompute.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/run/memory.h"
#include "pipeline/train/train_averages.h"
#include "pipeline/train/train_options.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr std::uint64_t kDiffusionStream = 0x646966667573;  // of the run's seed
constexpr std::uint64_t kDiffusionInitialStream = 2;

// What must be the same for a checkpoint to be gone on with. Only a schedule that ends depends on the number of steps.
std::string identity(const TrainConfig& config, const Context& context, const GeneratorRecord& record,
                     const std::string& data_sha256, const Generator* origin) {
  ordered_json json = settings_of(config);
  for (const char* key : {"checkpoint_every", "checkpoint_every_s", "keep_checkpoints", "keep_every", "log_every",
                          "validate_every", "time_limit_min", "gradient_checkpointing", "bound_patches", "autoencoder"})
    json.erase(key);
  // Other settings that depend on it are the stages of a consistency model and when averages are put aside.
  const bool length_matters =
      config.schedule == "cosine" || config.method == "consistency" || !config.ema_lengths.empty();
  if (!length_matters) json.erase("steps");
  json["seed"] = context.seed;
  json["data_sha256"] = data_sha256;
  json["autoencoder_sha256"] = record.autoencoder_sha256;
  if (origin != nullptr) json["origin_sha256"] = origin->checkpoint_sha256;
  return json.dump();
}

train::TrainerOptions trainer_options(const TrainConfig& config, const Context& context, const GeneratorRecord& record,
                                      const std::string& data_sha256, const Generator* origin) {
  train::TrainerOptions options = shared_options(config);
  options.steps = config.steps;
  options.learning_rate = {.peak = config.learning_rate,
                           .last = config.learning_rate_last,
                           .schedule = train::schedule_from_name(config.schedule),
                           .warmup_steps = config.warmup,
                           .reference_steps = config.schedule_reference};
  options.ema = {config.ema_half_life, config.ema_ramp};
  options.power_lengths = config.ema_lengths;
  options.accumulate = config.accumulate;
  options.time_limit_s = config.time_limit_min * 60;
  options.seed = io::mix_seed(context.seed, kDiffusionStream);
  options.configuration = identity(config, context, record, data_sha256, origin);
  options.group = context.group;
  return options;
}

// The weights that training begins with, where they are another run's.
void begin_with(nets::UNet& net, const Generator& origin) {
  try {
    nets::assign_tensors(*net, nets::named_tensors(*origin.unet), "the weights of the generator in train.from");
  } catch (const io::DataError& error) {
    throw ConfigError({{"the generator", "train.from",
                        std::string("its network is not the one of train.unet: ") + error.what() +
                            ". Give train.unet as it was, or train.from_weights false to keep its autoencoder alone"}});
  }
}

void export_unet(const GeneratorRecord& record, const train::Ema& ema, const fs::path& folder) {
  nets::UNet averaged(record.unet);
  nets::assign_tensors(*averaged, unet_tensors(ema.state()), "the U-Net's averaged weights");
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

ordered_json train_diffusion(const TrainConfig& config, const Context& context, const GeneratorRecord& record,
                             const DiffusionData& data, const std::string& data_sha256, const MetricsLog& metrics,
                             const Generator* origin) {
  const torch::Device device(context.device);
  const train::TrainerOptions options = trainer_options(config, context, record, data_sha256, origin);
  torch::manual_seed(io::mix_seed(options.seed, kDiffusionInitialStream));
  nets::UNet net(record.unet);
  if (origin != nullptr && config.from_weights) begin_with(net, *origin);
  Learner learner(net, config);
  learner->to(device);
  if (config.channels_last) nets::use_channels_last(*learner);
  std::optional<ReturnFreedMemory> sparing;
  if (config.gradient_checkpointing) {
    net->set_block_runner(train::recomputed);
    if (device.is_cpu()) sparing.emplace();
  }
  torch::nn::Module& trained = learner->is_composite() ? static_cast<torch::nn::Module&>(*learner) : *net;
  Lesson lesson(config, record, data, learner, config.consistency.distil ? origin : nullptr, device, options.seed,
                context.group);
  const Phase phase{"diffusion", "steps", config.steps, config.batch * config.accumulate, options.time_limit_s};
  const fs::path folder = context.out / "checkpoints";
  const Averages averages(folder / "averages", config, options.configuration);
  train::Hooks hooks = phase_hooks(phase, context, metrics);
  train::Trainer* running = nullptr;
  hooks.after_step = [&, report = hooks.after_step](std::int64_t step) {
    report(step);
    if (context.leads) averages.put_aside(*running, step);
    const bool due = config.validate_every > 0 && (step % config.validate_every == 0 || step == config.steps);
    if (!due || !data.validation.data.defined()) return;
    const train::EmaScope averaged(trained, running->ema());
    metrics.add(phase.name, "validation", step, lesson.validate(step));
  };
  train::Trainer trainer(
      trained, options,
      train::CheckpointStore(folder, "generator", static_cast<int>(config.keep_checkpoints), config.keep_every), hooks);
  running = &trainer;
  trainer.set_metadata(kGeneratorRecord, to_json(record));
  if (context.leads) averages.cut(trainer.steps_done());
  const std::string outcome =
      outcome_name(trainer.run([&lesson](const train::StepInput& input) { return lesson.step(input); }));
  if (!context.leads) return {};
  averages.put_aside_last(trainer, trainer.steps_done());
  export_unet(record, trainer.ema(), folder / "unet");
  ordered_json summary{{"outcome", outcome},
                       {"steps", trainer.steps_done()},
                       {"parameters", nets::parameter_count(*net)},
                       {"seconds", trainer.elapsed_s()},
                       {"checkpoint_sha256", trainer.checkpoint_sha256()}};
  if (!trainer.damaged_checkpoints().empty()) summary["damaged_checkpoints"] = trainer.damaged_checkpoints();
  const ordered_json validated = metrics.find(phase.name, "validation", trainer.steps_done());
  if (validated.contains("loss")) summary["validation_loss"] = validated.at("loss");
  if (record.method.learned_variance && config.bound_patches > 0 && data.validation.data.defined()) {
    const train::EmaScope averaged(trained, trainer.ema());
    summary["bits_per_dimension"] = lesson.bits_per_dimension(config.bound_patches);
  }
  return summary;
}

}  // namespace ctforge::pipeline
