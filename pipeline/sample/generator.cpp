// From a folder of checkpoints to a generator that samples can be drawn from.
#include "pipeline/sample/generator.h"

#include "io/file/fault.h"
#include "models/nets/diffusers.h"
#include "models/nets/tiles.h"
#include "models/nets/weights.h"
#include "models/train/checkpoint.h"
#include "models/train/precision.h"
#include "pipeline/observe/log.h"
#include "pipeline/sample/generator_record.h"
#include "pipeline/train/gan_lesson.h"
#include "pipeline/train/train_averages.h"
#include "pipeline/train/train_data.h"
#include "pipeline/train/train_lesson.h"

#include <utility>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

train::Checkpoint find_checkpoint(const fs::path& path, std::vector<std::string>* notes) {
  const auto warn = [notes](const std::string& text) {
    log_warning(text);
    if (notes != nullptr) notes->push_back(text);
  };
  if (fs::is_regular_file(path)) return train::load_checkpoint(path);
  auto found = train::CheckpointStore(path, "generator").load_newest(warn);
  if (!found)
    throw io::DataError(io::Fault::InvalidShard, "no good checkpoint of a generator was found: run the train stage");
  return std::move(*found);
}

void freeze(torch::nn::Module& module, torch::Device device) {
  for (auto& parameter : module.parameters()) parameter.requires_grad_(false);
  module.to(device);
  module.eval();
}

train::Precision precision_of(bool bf16) { return bf16 ? train::Precision::Bf16 : train::Precision::Fp32; }

diffusion::Codec autoencoder_codec(const GeneratorRecord& record, const fs::path& folder, torch::Device device) {
  nets::Autoencoder net = nets::load_autoencoder(folder);
  if (weights_sha256(*net) != record.autoencoder_sha256)
    throw io::DataError(io::Fault::InvalidShard,
                        "the autoencoder in the folder is not the one the generator was trained with");
  freeze(*net, device);
  const auto labels = static_cast<std::int64_t>(record.patches.labels.size());
  const nets::Tiling tiling{record.tile};
  diffusion::Autoencoder halves;
  halves.encode = [net, labels, device, tiling](const torch::Tensor& image, const torch::Tensor& mask) mutable {
    const torch::NoGradGuard no_grad;
    const auto input = joint_input(image.to(device), mask.to(device), labels);
    return nets::encode_tiled(net, input.contiguous(torch::MemoryFormat::ChannelsLast), tiling).mean;
  };
  const auto precision = precision_of(record.bf16);
  halves.decode = [net, labels, device, tiling, precision](const torch::Tensor& latents) mutable {
    const torch::NoGradGuard no_grad;
    const auto input = latents.to(device).contiguous(torch::MemoryFormat::ChannelsLast);
    const train::Autocast autocast(device, precision);
    const auto output = nets::decode_tiled(net, input, tiling);  // [N,1+labels,H,W]
    return diffusion::Autoencoder::Output{output.narrow(1, 0, 1), output.narrow(1, 1, labels)};
  };
  const auto& shape = record.latent_shape;
  return diffusion::latent_codec(halves, torch::tensor(record.shift, torch::kFloat64),
                                 torch::tensor(record.scale, torch::kFloat64), {shape.begin(), shape.end()});
}

const std::string& record_text(const train::Checkpoint& checkpoint) {
  const auto found = checkpoint.metadata.find(kGeneratorRecord);
  if (found == checkpoint.metadata.end())
    throw io::DataError(io::Fault::InvalidShard, "the checkpoint is not that of a generator");
  return found->second;
}

Generator described(const train::Checkpoint& checkpoint, const fs::path& folder, torch::Device device) {
  const GeneratorRecord record = generator_record_from_json(record_text(checkpoint));
  Generator generator;
  if (record.codec == "autoencoder") {
    generator.codec = autoencoder_codec(record, folder / "autoencoder", device);
    generator.autoencoder_sha256 = record.autoencoder_sha256;
  } else {
    generator.codec = diffusion::identity_codec(record.patches.height, record.patches.width,
                                                static_cast<std::int64_t>(record.patches.labels.size()));
  }
  if (record.gan) {
    generator.gan = nets::GanGenerator(*record.gan);
  } else {
    generator.unet = nets::UNet(record.unet);
    nets::use_channels_last(*generator.unet);
  }
  generator.method = record.method;
  generator.parametrisation = parametrisation_of(record);
  generator.latent_shape = record.latent_shape;
  generator.shift = record.shift;
  generator.scale = record.scale;
  generator.patches = record.patches;
  generator.config = record.config;
  generator.train_sha256 = record.train_sha256;
  generator.bf16 = record.bf16;
  generator.device = device;
  return generator;
}

torch::nn::Module& network_of(Generator& generator) {
  if (generator.is_gan()) return *generator.gan;
  return *generator.unet;
}

fs::path folder_of(const fs::path& path) { return fs::is_regular_file(path) ? path.parent_path() : path; }

}  // namespace

Generator load_generator(const fs::path& path, torch::Device device, Weights weights, std::vector<std::string>* notes) {
  const train::Checkpoint checkpoint = find_checkpoint(path, notes);
  const fs::path folder = folder_of(path);
  Generator generator = described(checkpoint, folder, device);
  const auto tensors = weights.length > 0
                           ? average_of_length(folder / "averages", weights.length, checkpoint.step,
                                               checkpoint.metadata.at("configuration"))
                           : train::with_prefix(checkpoint.tensors, weights.averaged ? "ema." : "weights.");
  nets::assign_tensors(network_of(generator), generator.is_gan() ? generator_tensors(tensors) : unet_tensors(tensors),
                       "the generator's weights");
  freeze(network_of(generator), device);
  generator.checkpoint_sha256 = checkpoint.sha256;
  generator.step = checkpoint.step;
  generator.weights = weights;
  return generator;
}

Generator untrained_generator(const fs::path& path, torch::Device device, std::uint64_t seed) {
  const train::Checkpoint checkpoint = find_checkpoint(path, nullptr);
  torch::manual_seed(seed);
  Generator generator = described(checkpoint, folder_of(path), device);
  freeze(network_of(generator), device);
  generator.weights = {.averaged = false};
  return generator;
}

std::vector<std::int64_t> Generator::noise_shape() const {
  if (!gan.is_empty()) return {gan->config().style_channels, 1, 1};
  return {latent_shape.begin(), latent_shape.end()};
}

diffusion::Net network(const Generator& generator) {
  if (generator.is_gan())
    return [net = generator.gan, device = generator.device, bf16 = generator.bf16](
               const torch::Tensor& x, const torch::Tensor&, const diffusion::Condition& condition) mutable {
      const torch::NoGradGuard no_grad;
      const train::Autocast autocast(device, precision_of(bf16));
      return net->forward(x.flatten(1), condition.labels).to(torch::kFloat32).contiguous();
    };
  return [unet = generator.unet, device = generator.device, bf16 = generator.bf16](
             const torch::Tensor& x, const torch::Tensor& c_noise, const diffusion::Condition& condition) mutable {
    const torch::NoGradGuard no_grad;
    const train::Autocast autocast(device, precision_of(bf16));
    return unet->forward(x.contiguous(torch::MemoryFormat::ChannelsLast), c_noise, condition.labels)
        .to(torch::kFloat32)
        .contiguous();
  };
}

}  // namespace ctforge::pipeline
