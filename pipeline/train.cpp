// The train stage: data, autoencoder, latents, diffusion model.
#include "pipeline/train.h"

#include "io/digest.h"
#include "io/fault.h"
#include "io/random.h"
#include "io/shard.h"
#include "models/diffusion/codec.h"
#include "models/nets/diffusers.h"
#include "models/train/precision.h"
#include "pipeline/autoencoder_report.h"
#include "pipeline/config_tree.h"
#include "pipeline/generator_record.h"
#include "pipeline/log.h"
#include "pipeline/train_autoencoder.h"
#include "pipeline/train_data.h"
#include "pipeline/train_diffusion.h"
#include "pipeline/train_latents.h"
#include "pipeline/train_lesson.h"
#include "pipeline/train_options.h"
#include "pipeline/train_origin.h"
#include "pipeline/train_pairs.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <torch/utils.h>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

constexpr std::int64_t kMostValidated = 512;
constexpr std::uint64_t kValidationLatents = 0x76616c6964;  // of the run's seed
constexpr std::int64_t kMeasureBatch = 256;

void check_device(const TrainConfig& config, const Context& context) {
  try {
    train::check_precision(train::precision_from_name(config.precision), torch::Device(context.device));
  } catch (const std::invalid_argument& error) {
    throw ConfigError({{"configuration", "train.precision", error.what()}});
  }
}

GeneratorRecord base_record(const TrainConfig& config, const io::ShardInfo& patches) {
  GeneratorRecord record;
  record.codec = config.codec;
  record.method = method_of(config);
  record.patches = patches;
  record.patches.contoured.clear();
  record.config = settings_of(config).dump();
  record.bf16 = config.precision == "bf16";
  record.tile = config.codec == "autoencoder" ? config.autoencoder.tile : 0;
  return record;
}

// The standard deviation of x_0 over all its elements (Karras et al. 2022, sigma_data), a batch at a time.
double measured_deviation(const PatchTensors& patches, const diffusion::Codec& codec) {
  double sum = 0, squares = 0, elements = 0;
  for (std::int64_t first = 0; first < patches.size(); first += kMeasureBatch) {
    std::vector<std::int64_t> items;
    for (std::int64_t i = first; i < std::min(first + kMeasureBatch, patches.size()); ++i) items.push_back(i);
    const PatchBatch batch = patches.batch(items);
    const auto x0 = codec.encode(batch.image, batch.mask).to(torch::kFloat64);
    sum += x0.sum().item<double>();
    squares += x0.square().sum().item<double>();
    elements += static_cast<double>(x0.numel());
  }
  const double mean = sum / elements;
  return std::sqrt(std::max(squares / elements - mean * mean, 1e-12));
}

struct Splits {
  PatchTensors train;
  std::optional<PatchTensors> validation;
  std::string files_sha256;  // of the training set's shards
  std::string train_sha256;  // of what is used of them
};

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

DiffusionData pixel_data(const TrainConfig& config, const Splits& splits, GeneratorRecord& record) {
  const auto& info = splits.train.info();
  const diffusion::Codec codec = diffusion::identity_codec(info.height, info.width, splits.train.labels());
  std::copy(codec.shape.begin(), codec.shape.end(), record.latent_shape.begin());
  record.unet = unet_config(config, record.latent_shape, static_cast<std::int64_t>(info.classes.size()));
  record.sigma_data = measured_deviation(splits.train, codec);
  DiffusionData data;
  data.classes = splits.train.classes();
  data.draw = [&config, &splits, codec](const std::vector<std::int64_t>& items, torch::Generator& generator) {
    const PatchBatch batch = jittered(splits.train.batch(items), config.jitter, generator);
    return Pair{codec.encode(batch.image, batch.mask), {}};
  };
  if (splits.validation) {
    const PatchBatch batch = splits.validation->batch(evenly_spaced(splits.validation->size(), kMostValidated));
    data.validation.data = codec.encode(batch.image, batch.mask);
    data.validation_labels = batch.labels;
  }
  return data;
}

// One draw of the latents of at most kMostValidated validation patches, shifted and scaled.
void add_validation(DiffusionData& data, const PatchTensors& validation, nets::Autoencoder net, torch::Device device,
                    const Context& context, const torch::Tensor& shift, const torch::Tensor& scale) {
  const torch::NoGradGuard no_grad;
  torch::Generator generator = seeded(io::mix_seed(context.seed, kValidationLatents));
  std::vector<torch::Tensor> latents, labels;
  const auto items = evenly_spaced(validation.size(), kMostValidated);
  for (const std::int64_t item : items) {
    const PatchBatch batch = validation.batch({item});
    const auto moments = net->encode(joint_input(batch.image, batch.mask, validation.labels()).to(device));
    const LatentMoments one(moments.mean.to(torch::kCPU), moments.logvar.to(torch::kCPU));
    latents.push_back((one.draw({0}, generator) - shift) * scale);
    labels.push_back(batch.labels);
  }
  data.validation.data = torch::cat(latents);
  data.validation_labels = torch::cat(labels);
}

// origin: where the autoencoder came from another run, whose measured scale is kept with it.
DiffusionData latent_data(const TrainConfig& config, const Context& context, const Splits& splits,
                          TrainedAutoencoder& trained, const Generator* origin, GeneratorRecord& record) {
  const torch::Device device(context.device);
  record.autoencoder_sha256 = weights_sha256(*trained.net);
  const auto moments = std::make_shared<const LatentMoments>(cached_moments(
      context.out / "checkpoints" / "latents.safetensors",
      io::sha256_hex(record.autoencoder_sha256 + splits.train_sha256 + std::to_string(config.autoencoder.tile)),
      trained.net, splits.train, device, {config.autoencoder.tile}, context));
  const auto values = [](const torch::Tensor& t) {
    return std::vector<double>(t.data_ptr<double>(), t.data_ptr<double>() + t.numel());
  };
  record.shift = origin != nullptr ? origin->shift : values(moments->shift());
  record.scale = origin != nullptr ? origin->scale : values(moments->scale());
  const auto per_channel = [](const std::vector<double>& v) {
    return torch::tensor(v, torch::kFloat64).to(torch::kFloat32).view({1, -1, 1, 1});
  };
  const auto shift = per_channel(record.shift), scale = per_channel(record.scale);
  DiffusionData data;
  data.classes = splits.train.classes();
  data.draw = [moments, shift, scale](const std::vector<std::int64_t>& items, torch::Generator& generator) {
    return Pair{(moments->draw(items, generator) - shift) * scale, {}};
  };
  if (splits.validation) add_validation(data, *splits.validation, trained.net, device, context, shift, scale);
  return data;
}

// Known before the autoencoder is trained, so that a U-Net that does not fit is refused at once.
std::array<std::int64_t, 3> latent_shape_of(const TrainConfig& config, const io::ShardInfo& patches) {
  const auto net = autoencoder_config(config.autoencoder, patches);
  const std::int64_t factor = std::int64_t{1} << (net.block_out_channels.size() - 1);
  return {net.latent_channels, patches.height / factor, patches.width / factor};
}

// Every twentieth pair, at most kMostValidated, is for validation.
DiffusionData pair_data(const std::shared_ptr<const PairSet>& pairs) {
  DiffusionData data;
  std::vector<std::int64_t> training, validation, labels;
  for (std::int64_t i = 0; i < pairs->size(); ++i) {
    const bool held_out = i % 20 == 19 && static_cast<std::int64_t>(validation.size()) < kMostValidated;
    (held_out ? validation : training).push_back(i);
    const std::int32_t label = pairs->classes()[static_cast<std::size_t>(i)];
    if (held_out) labels.push_back(label);
    if (!held_out) data.classes.push_back(label);
  }
  data.draw = [pairs, training](const std::vector<std::int64_t>& items, torch::Generator&) {
    std::vector<std::int64_t> places;
    for (const std::int64_t item : items) places.push_back(training[static_cast<std::size_t>(item)]);
    return Pair{pairs->data(places), pairs->noise(places)};
  };
  if (!validation.empty()) {
    data.validation = {pairs->data(validation), pairs->noise(validation)};
    data.validation_labels = torch::tensor(labels, torch::kInt64);
  }
  return data;
}

// The autoencoder trained on this data, or that of the run which training begins with.
TrainedAutoencoder find_autoencoder(const TrainConfig& config, const Context& context, const Splits& splits,
                                    const Origin* origin, const MetricsLog& metrics) {
  if (origin == nullptr)
    return train_autoencoder(config, context, splits.train, splits.validation ? &*splits.validation : nullptr,
                             splits.train_sha256, metrics);
  nets::save_diffusers(origin->autoencoder, context.out / "checkpoints" / "autoencoder");
  TrainedAutoencoder taken{origin->autoencoder, {{"outcome", "taken from another run"}}};
  if (splits.validation)
    taken.summary["reconstruction"] = measured_reconstruction(
        taken.net, *splits.validation, torch::Device(context.device), {config.autoencoder.tile}, 0, metrics);
  return taken;
}

}  // namespace

ordered_json run_train(const TrainConfig& config, const Context& given) {
  Context context = given;
  if (config.seed != 0) context.seed = static_cast<std::uint64_t>(config.seed);
  check_device(config, context);
  const Splits splits = open_splits(config, context);
  const auto& info = splits.train.info();
  const MetricsLog metrics(context.out / "metrics.jsonl");
  GeneratorRecord record = base_record(config, info);
  record.train_sha256 = splits.files_sha256;
  const auto origin = find_origin(config, context, record);
  const Generator* begun_with = origin ? &origin->generator : nullptr;
  ordered_json summary{{"codec", config.codec}, {"patches", splits.train.size()}, {"classes", info.classes}};
  if (origin) summary["from"] = origin->generator.checkpoint_sha256;
  DiffusionData data;
  if (config.codec == "autoencoder") {
    record.latent_shape = origin ? origin->generator.latent_shape : latent_shape_of(config, info);
    record.unet = unet_config(config, record.latent_shape, static_cast<std::int64_t>(info.classes.size()));
    TrainedAutoencoder trained = find_autoencoder(config, context, splits, origin ? &*origin : nullptr, metrics);
    summary["autoencoder"] = trained.summary;
    data = latent_data(config, context, splits, trained, begun_with, record);
    summary["latents"] = {{"shape", record.latent_shape}, {"shift", record.shift}, {"scale", record.scale}};
  } else {
    data = pixel_data(config, splits, record);
    if (origin) record.sigma_data = origin->generator.parametrisation.sigma_data;
    summary["sigma_data"] = record.sigma_data;
  }
  std::string learned_sha256 = splits.train_sha256;
  if (!config.pairs.empty()) {
    const auto pairs = std::make_shared<const PairSet>(
        config.pairs, record.autoencoder_sha256,
        std::vector<std::int64_t>(record.latent_shape.begin(), record.latent_shape.end()));
    data = pair_data(pairs);
    learned_sha256 = io::sha256_hex(learned_sha256 + pairs->sha256());
    summary["pairs"] = pairs->size();
  }
  summary["diffusion"] = train_diffusion(config, context, record, data, learned_sha256, metrics, begun_with);
  return summary;
}

}  // namespace ctforge::pipeline
