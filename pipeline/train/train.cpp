// The train stage: data, autoencoder, latents, diffusion model.
#include "pipeline/train/train.h"

#include "io/file/digest.h"
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "models/nets/diffusers.h"
#include "models/train/parallel.h"
#include "models/train/precision.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/observe/log.h"
#include "pipeline/sample/generator_record.h"
#include "pipeline/train/autoencoder_report.h"
#include "pipeline/train/diffusion_data.h"
#include "pipeline/train/learned_scans.h"
#include "pipeline/train/train_autoencoder.h"
#include "pipeline/train/train_check.h"
#include "pipeline/train/train_data.h"
#include "pipeline/train/train_diffusion.h"
#include "pipeline/train/train_gan.h"
#include "pipeline/train/train_options.h"
#include "pipeline/train/train_origin.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

void check_device(const TrainConfig& config, const Context& context) {
  try {
    train::check_precision(train::precision_from_name(config.precision), torch::Device(context.device));
  } catch (const std::invalid_argument& error) {
    throw ConfigError({{"configuration", "train.precision", error.what()}});
  }
}

// Equal shares alone make the mean over processes that of the batch.
void check_shares(const TrainConfig& config, const ModelConfig& model, const Context& context) {
  if (context.group == nullptr) return;
  if (model.kind == "gan") throw ConfigError({{"configuration", "model.kind", "gan is trained by one process alone"}});
  const std::int64_t processes = context.group->size();
  std::vector<ConfigProblem> problems;
  const auto check = [&](const char* key, std::int64_t batch) {
    if (batch % processes != 0)
      problems.push_back({"configuration", key,
                          "must be a multiple of the number of processes, " + std::to_string(processes) + "; found " +
                              std::to_string(batch)});
  };
  check("train.batch", config.batch);
  if (config.codec == "autoencoder" && config.from.empty()) check("train.autoencoder.batch", config.autoencoder.batch);
  if (!problems.empty()) throw ConfigError(problems);
}

GeneratorRecord base_record(const TrainConfig& config, const ModelConfig& model, const io::ShardInfo& patches) {
  GeneratorRecord record;
  record.codec = config.codec;
  record.method = model.kind == "gan" ? Method{.name = "gan", .target = "data"} : method_of(config);
  record.patches = patches;
  record.patches.contoured.clear();
  record.config = settings_of(config).dump();
  record.bf16 = config.precision == "bf16";
  record.tile = config.codec == "autoencoder" ? config.autoencoder.tile : 0;
  return record;
}

Splits open_splits(const TrainConfig& config, const Context& context) {
  const auto folder = context.out / "data";
  const bool complete_only = config.partly_contoured == "exclude";
  Splits splits{PatchTensors(folder, "train", complete_only), std::nullopt, split_sha256(folder, "train"), ""};
  splits.train_sha256 = io::sha256_hex(splits.files_sha256 + config.partly_contoured);
  if (splits.train.size() == 0)
    throw io::DataError(io::Fault::NothingUsable,
                        "no training series has every label, and train.partly_contoured is exclude: leave rare labels "
                        "out of prepare.label_map, or set it to include");
  if (splits.train.left_out() > 0)
    log_warning("train: " + std::to_string(splits.train.left_out()) + " of " +
                std::to_string(splits.train.left_out() + splits.train.size()) +
                " patches are left out because a label was not contoured in their series");
  if (io::has_shards(folder, "validation")) {
    splits.validation.emplace(folder, "validation", complete_only);
    if (splits.validation->size() == 0) splits.validation.reset();
  }
  return splits;
}

// Known before the autoencoder is trained, so that a U-Net that does not fit is refused at once.
std::array<std::int64_t, 3> latent_shape_of(const TrainConfig& config, const io::ShardInfo& patches) {
  const auto net = autoencoder_config(config.autoencoder, patches);
  const std::int64_t factor = std::int64_t{1} << (net.block_out_channels.size() - 1);
  return {net.latent_channels, patches.height / factor, patches.width / factor};
}

// Once the shape of what is generated is known.
void describe_networks(GeneratorRecord& record, const TrainConfig& config, const ModelConfig& model) {
  const auto classes = static_cast<std::int64_t>(record.patches.classes.size());
  if (model.kind == "gan") {
    record.gan = gan_config(model, record.latent_shape, classes, config.codec == "identity");
  } else {
    record.unet = unet_config(config, record.latent_shape, classes);
  }
}

// The autoencoder trained on this data, or that of the run which training begins with.
TrainedAutoencoder find_autoencoder(const TrainConfig& config, const Context& context, const Splits& splits,
                                    const Origin* origin, const MetricsLog& metrics) {
  if (origin == nullptr)
    return train_autoencoder(config, context, splits.train, splits.validation ? &*splits.validation : nullptr,
                             splits.train_sha256, metrics);
  if (context.leads) nets::save_diffusers(origin->autoencoder, context.out / "checkpoints" / "autoencoder");
  TrainedAutoencoder taken{origin->autoencoder, {{"outcome", "taken from another run"}}};
  if (splits.validation && context.leads)
    taken.summary["reconstruction"] = measured_reconstruction(
        taken.net, *splits.validation, torch::Device(context.device), {config.autoencoder.tile}, 0, metrics);
  return taken;
}

// Of this training and of what it begins with, which must not have learned from patients held out here.
void record_scans(const TrainConfig& config, const Context& context) {
  const auto data = context.out / "data";
  auto learned = training_scans(data);
  for (const auto& [folder, key] : {std::pair{config.from.empty() ? "" : config.from + "/checkpoints", "train.from"},
                                    std::pair{config.pairs, "train.pairs"}}) {
    if (folder.empty()) continue;
    const auto theirs = learned_without_held_out(folder, data, key);
    if (learned && theirs) learned->insert(theirs->begin(), theirs->end());
    if (!theirs) learned.reset();
  }
  const auto checkpoints = context.out / "checkpoints";
  if (learned && context.leads) write_learned(checkpoints, *learned);
}

}  // namespace

ordered_json run_train(const TrainConfig& config, const Context& given, const ModelConfig& model) {
  Context context = given;
  if (config.seed != 0) context.seed = static_cast<std::uint64_t>(config.seed);
  check_model(model, config);
  check_train(config);
  check_device(config, context);
  check_shares(config, model, context);
  const Splits splits = open_splits(config, context);
  const auto& info = splits.train.info();
  const MetricsLog metrics(
      context.out / "metrics.jsonl", [&context](const ordered_json& line) { context.tell("measured", line); },
      context.leads);
  GeneratorRecord record = base_record(config, model, info);
  record.train_sha256 = splits.files_sha256;
  const auto origin = find_origin(config, context, record);
  record_scans(config, context);
  const Generator* begun_with = origin ? &origin->generator : nullptr;
  ordered_json summary{{"codec", config.codec}, {"patches", splits.train.size()}, {"classes", info.classes}};
  if (origin) summary["from_sha256"] = origin->generator.checkpoint_sha256;
  DiffusionData data;
  if (config.codec == "autoencoder") {
    record.latent_shape = origin ? origin->generator.latent_shape : latent_shape_of(config, info);
    describe_networks(record, config, model);
    TrainedAutoencoder trained = find_autoencoder(config, context, splits, origin ? &*origin : nullptr, metrics);
    summary["autoencoder"] = trained.summary;
    data = latent_data(config, context, splits, trained, begun_with, record);
    summary["latents"] = {{"shape", record.latent_shape}, {"shift", record.shift}, {"scale", record.scale}};
  } else {
    data = pixel_data(config, splits, record);
    describe_networks(record, config, model);
    if (origin) record.sigma_data = origin->generator.parametrisation.sigma_data;
    summary["sigma_data"] = record.sigma_data;
  }
  std::string learned_sha256 = splits.train_sha256;
  if (!config.pairs.empty()) {
    const auto pairs = std::make_shared<const PairSet>(
        config.pairs, PairsOrigin{record.autoencoder_sha256, info.classes},
        std::vector<std::int64_t>(record.latent_shape.begin(), record.latent_shape.end()));
    data = pair_data(pairs);
    learned_sha256 = io::sha256_hex(learned_sha256 + pairs->sha256());
    summary["pairs"] = {{"count", pairs->size()}, {"sha256", pairs->sha256()}};
  }
  if (model.kind == "gan") {
    summary["gan"] = train_gan(model, config, context, record, data, learned_sha256, metrics);
  } else {
    summary["diffusion"] = train_diffusion(config, context, record, data, learned_sha256, metrics, begun_with);
  }
  return summary;
}

}  // namespace ctforge::pipeline
