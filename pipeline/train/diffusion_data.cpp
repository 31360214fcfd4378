// Encoding, drawing and moving of what is diffused.
#include "pipeline/train/diffusion_data.h"

#include "io/file/digest.h"
#include "io/file/random.h"
#include "models/diffusion/codec.h"
#include "pipeline/train/train_augment.h"
#include "pipeline/train/train_latents.h"
#include "pipeline/train/train_options.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace {

constexpr std::int64_t kMostValidated = 512;
constexpr std::uint64_t kValidationLatents = 0x76616c6964;  // of the run's seed
constexpr std::uint64_t kMovementStream = 0x6d6f766564;     // of the run's seed, and those after it
constexpr std::int64_t kMeasureBatch = 256;

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

// One draw of the latents of at most kMostValidated validation patches, shifted and scaled.
void add_validation(DiffusionData& data, const PatchTensors& validation, nets::Autoencoder net, torch::Device device,
                    const nets::Tiling& tiling, const Context& context, const torch::Tensor& shift,
                    const torch::Tensor& scale) {
  const torch::NoGradGuard no_grad;
  torch::Generator generator = seeded(io::mix_seed(context.seed, kValidationLatents));
  std::vector<torch::Tensor> latents, labels;
  const auto items = evenly_spaced(validation.size(), kMostValidated);
  for (const std::int64_t item : items) {
    const PatchBatch batch = validation.batch({item});
    const auto moments =
        nets::encode_tiled(net, joint_input(batch.image, batch.mask, validation.labels()).to(device), tiling);
    const LatentMoments one(moments.mean.to(torch::kCPU), moments.logvar.to(torch::kCPU));
    latents.push_back((one.draw({0}, nets::all_of(1), generator) - shift) * scale);
    labels.push_back(batch.labels);
  }
  data.validation.data = torch::cat(latents);
  data.validation_labels = torch::cat(labels);
}

// Moments of all training patches as they are, then of the moved copies, and how each of those was moved.
struct LatentSet {
  std::vector<LatentMoments> moments;
  std::vector<torch::Tensor> movements;  // [N,7] each; empty without copies
};

LatentSet latent_set(const TrainConfig& config, const Context& context, const Splits& splits, nets::Autoencoder net,
                     const std::string& autoencoder_sha256) {
  const torch::Device device(context.device);
  const nets::Tiling tiling{config.autoencoder.tile};
  const auto folder = context.out / "checkpoints";
  const std::string key = autoencoder_sha256 + splits.train_sha256 + std::to_string(tiling.tile);
  LatentSet set;
  set.moments.push_back(
      cached_moments(folder / "latents.safetensors", io::sha256_hex(key), net, splits.train, device, tiling, context));
  if (config.augment.probability == 0) return set;
  set.movements.push_back(torch::zeros({splits.train.size(), kMovementNumbers}));
  const std::string augment = settings_of(config).at("augment").dump() + std::to_string(context.seed);
  for (std::int64_t copy = 0; copy < config.augment.copies; ++copy) {
    torch::Generator generator = seeded(io::mix_seed(context.seed, kMovementStream + static_cast<std::uint64_t>(copy)));
    const auto movements = draw_movements(splits.train.size(), config.augment, generator);
    const auto prepare = [&](PatchBatch batch, std::int64_t first) {
      return moved(batch, movements.narrow(0, first, batch.image.size(0)), config.augment);
    };
    const std::string number = std::to_string(copy);
    set.moments.push_back(cached_moments(folder / ("latents-moved-" + number + ".safetensors"),
                                         io::sha256_hex(key + augment + number), net, splits.train, device, tiling,
                                         context, prepare));
    set.movements.push_back(movements);
  }
  return set;
}

// One of the copies of each item.
Pair draw_latents(const LatentSet& set, const std::vector<std::int64_t>& items, const nets::BatchShare& share,
                  torch::Generator& generator) {
  if (set.movements.empty()) return {set.moments.front().draw(items, share, generator), {}, {}};
  const auto copies = torch::randint(static_cast<std::int64_t>(set.moments.size()),
                                     {static_cast<std::int64_t>(items.size())}, generator, torch::kInt64);
  std::vector<torch::Tensor> data, movements;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto copy = static_cast<std::size_t>(copies[static_cast<std::int64_t>(i)].item<std::int64_t>());
    data.push_back(set.moments[copy].draw({items[i]}, nets::all_of(1), generator));
    movements.push_back(set.movements[copy][items[i]]);
  }
  return {share.of(torch::cat(data)), {}, share.of(torch::stack(movements))};
}

}  // namespace

DiffusionData pixel_data(const TrainConfig& config, const Splits& splits, GeneratorRecord& record) {
  const auto& info = splits.train.info();
  const diffusion::Codec codec = diffusion::identity_codec(info.height, info.width, splits.train.labels());
  std::copy(codec.shape.begin(), codec.shape.end(), record.latent_shape.begin());
  record.sigma_data = measured_deviation(splits.train, codec);
  DiffusionData data;
  data.classes = splits.train.classes();
  data.draw = [&config, &splits, codec](const std::vector<std::int64_t>& items, const nets::BatchShare& share,
                                        torch::Generator& generator) {
    PatchBatch batch = jittered(splits.train.batch(share.of(items)), share, config.jitter, generator);
    torch::Tensor movements;
    if (config.augment.probability > 0) {
      movements = share.of(draw_movements(share.whole, config.augment, generator));
      batch = moved(batch, movements, config.augment);
    }
    return Pair{codec.encode(batch.image, batch.mask), {}, movements};
  };
  if (splits.validation) {
    const PatchBatch batch = splits.validation->batch(evenly_spaced(splits.validation->size(), kMostValidated));
    data.validation.data = codec.encode(batch.image, batch.mask);
    data.validation_labels = batch.labels;
  }
  return data;
}

DiffusionData latent_data(const TrainConfig& config, const Context& context, const Splits& splits,
                          TrainedAutoencoder& trained, const Generator* origin, GeneratorRecord& record) {
  const torch::Device device(context.device);
  record.autoencoder_sha256 = weights_sha256(*trained.net);
  const auto set =
      std::make_shared<const LatentSet>(latent_set(config, context, splits, trained.net, record.autoencoder_sha256));
  const auto values = [](const torch::Tensor& t) {
    return std::vector<double>(t.data_ptr<double>(), t.data_ptr<double>() + t.numel());
  };
  record.shift = origin != nullptr ? origin->shift : values(set->moments.front().shift());
  record.scale = origin != nullptr ? origin->scale : values(set->moments.front().scale());
  const auto per_channel = [](const std::vector<double>& v) {
    return torch::tensor(v, torch::kFloat64).to(torch::kFloat32).view({1, -1, 1, 1});
  };
  const auto shift = per_channel(record.shift), scale = per_channel(record.scale);
  DiffusionData data;
  data.classes = splits.train.classes();
  data.draw = [set, shift, scale](const std::vector<std::int64_t>& items, const nets::BatchShare& share,
                                  torch::Generator& generator) {
    Pair pair = draw_latents(*set, items, share, generator);
    pair.data = (pair.data - shift) * scale;
    return pair;
  };
  if (splits.validation)
    add_validation(data, *splits.validation, trained.net, device, {config.autoencoder.tile}, context, shift, scale);
  return data;
}

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
  data.draw = [pairs, training](const std::vector<std::int64_t>& items, const nets::BatchShare& share,
                                torch::Generator&) {
    std::vector<std::int64_t> places;
    for (const std::int64_t item : share.of(items)) places.push_back(training[static_cast<std::size_t>(item)]);
    return Pair{pairs->data(places), pairs->noise(places), {}};
  };
  if (!validation.empty()) {
    data.validation = {pairs->data(validation), pairs->noise(validation), {}};
    data.validation_labels = torch::tensor(labels, torch::kInt64);
  }
  return data;
}

}  // namespace ctforge::pipeline
