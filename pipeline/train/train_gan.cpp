// Loop of the GAN, and what of section train holds for it.
#include "pipeline/train/train_gan.h"

#include "io/file/random.h"
#include "models/nets/weights.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/config/config_visitors.h"
#include "pipeline/train/gan_lesson.h"
#include "pipeline/train/train_options.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include <torch/utils.h>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

constexpr std::uint64_t kGanStream = 0x67616e;  // of the run's seed
constexpr std::uint64_t kGanInitialStream = 2;

std::vector<std::int64_t> levels_of(const std::vector<std::int64_t>& given, std::int64_t height, std::int64_t width) {
  if (!given.empty()) return given;
  std::vector<std::int64_t> channels = {std::min(height, width) >= 32 ? 64 : 128};
  while (height % 2 == 0 && width % 2 == 0 && std::min(height, width) > 4) {
    height /= 2;
    width /= 2;
    channels.push_back(128);
  }
  return channels;
}

std::string identity(const ModelConfig& model, const TrainConfig& config, const Context& context,
                     const GeneratorRecord& record, const std::string& data_sha256) {
  const ordered_json settings = settings_of(config);
  ordered_json json = section_json(model);
  for (const char* key : {"batch", "accumulate", "warmup", "precision", "class_weighting", "jitter", "ema_half_life",
                          "ema_ramp", "codec", "partly_contoured"})
    json[key] = settings.at(key);
  json["seed"] = context.seed;
  json["data_sha256"] = data_sha256;
  json["autoencoder_sha256"] = record.autoencoder_sha256;
  return json.dump();
}

train::TrainerOptions trainer_options(const ModelConfig& model, const TrainConfig& config, const Context& context,
                                      const GeneratorRecord& record, const std::string& data_sha256) {
  train::TrainerOptions options = shared_options(config);
  options.steps = config.steps;
  options.learning_rate = {.peak = model.gan.learning_rate,
                           .schedule = train::schedule_from_name("constant"),
                           .warmup_steps = config.warmup};
  options.beta1 = model.gan.beta1;
  options.beta2 = model.gan.beta2;
  options.clip_norm = 0;  // of both networks together: a penalty would hold up the generator
  options.ema = {config.ema_half_life, config.ema_ramp};
  options.accumulate = config.accumulate;
  options.time_limit_s = config.time_limit_min * 60;
  options.seed = io::mix_seed(context.seed, kGanStream);
  options.configuration = identity(model, config, context, record, data_sha256);
  return options;
}

}  // namespace

void check_model(const ModelConfig& model, const TrainConfig& config) {
  if (model.kind != "gan") return;
  std::vector<ConfigProblem> problems;
  for (const auto& [key, set] : {std::pair{"pairs", !config.pairs.empty()},
                                 {"ema_lengths", !config.ema_lengths.empty()},
                                 {"learned_variance", config.learned_variance},
                                 {"consistency.distil", config.consistency.distil},
                                 {"augment.probability", config.augment.probability > 0}})
    if (set)
      problems.push_back({"configuration", std::string("train.") + key, "is for model.kind diffusion; found gan"});
  if (!config.from.empty() && config.from_weights)
    problems.push_back(
        {"configuration", "train.from_weights", "must be false for model.kind gan, which takes the autoencoder alone"});
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

nets::GanConfig gan_config(const ModelConfig& model, const std::array<std::int64_t, 3>& shape, std::int64_t classes,
                           bool pixels) {
  nets::GanConfig net;
  net.image_channels = shape[0];
  net.height = shape[1];
  net.width = shape[2];
  net.classes = classes;
  net.style_channels = model.gan.style_channels;
  net.mapping_layers = model.gan.mapping_layers;
  net.channels = levels_of(model.gan.channels, shape[1], shape[2]);
  net.discriminator_channels =
      model.gan.discriminator_channels.empty() ? net.channels : model.gan.discriminator_channels;
  net.bounded = pixels;
  try {
    nets::validate(net);
  } catch (const std::invalid_argument& error) {
    throw ConfigError({{"configuration", "model.gan", error.what()}});
  }
  return net;
}

ordered_json train_gan(const ModelConfig& model, const TrainConfig& config, const Context& context,
                       const GeneratorRecord& record, const DiffusionData& data, const std::string& data_sha256,
                       const MetricsLog& metrics) {
  const torch::Device device(context.device);
  const train::TrainerOptions options = trainer_options(model, config, context, record, data_sha256);
  torch::manual_seed(io::mix_seed(options.seed, kGanInitialStream));
  Players players(*record.gan);
  players->to(device);
  GanLesson lesson(model, config, data, players, record.codec == "identity", device, options.seed);
  const Phase phase{"gan", "steps", config.steps, config.batch * config.accumulate, options.time_limit_s};
  const train::Hooks hooks = phase_hooks(phase, context, metrics, [&lesson] { return lesson.figures(); });
  train::Trainer trainer(
      *players, options,
      train::CheckpointStore(context.out / "checkpoints", "generator", static_cast<int>(config.keep_checkpoints)),
      hooks);
  trainer.set_metadata(kGeneratorRecord, to_json(record));
  const std::string outcome =
      outcome_name(trainer.run([&lesson](const train::StepInput& input) { return lesson.step(input); }));
  return {{"outcome", outcome},
          {"steps", trainer.steps_done()},
          {"parameters",
           {{"generator", nets::parameter_count(*players->generator)},
            {"discriminator", nets::parameter_count(*players->discriminator)}}},
          {"seconds", trainer.elapsed_s()},
          {"checkpoint_sha256", trainer.checkpoint_sha256()}};
}

}  // namespace ctforge::pipeline
