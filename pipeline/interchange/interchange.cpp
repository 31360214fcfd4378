// Records, weights and configurations to and fro.
#include "pipeline/interchange/interchange.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"
#include "models/train/checkpoint.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/interchange/scheduler_config.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/sample/generator_record.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr int kInterchangeSchema = 1;  // of ctforge.json
constexpr const char* kSidecar = "ctforge.json";

ordered_json sidecar(const GeneratorRecord& record, const Generator& generator) {
  return {
      {"schema", kInterchangeSchema},
      {"generator", ordered_json::parse(to_json(record))},
      {"step", generator.step},
      {"ema", generator.weights.averaged},
      {"noise_input", record.method.name == "edm" || record.method.name == "consistency"
                          ? "the U-Net is told 250 ln(sigma); diffusers' EDM schedulers give ln(sigma) / 4: multiply "
                            "their timesteps by 1000"
                          : "the U-Net is told the scheduler's timestep"},
      {"latents",
       "x_0 = (z - shift) * scale for each channel of the autoencoder's latents z; latents_mean and latents_std of vae "
       "say the same"}};
}

struct Described {
  GeneratorRecord record;
  std::int64_t step = 0;
};

Described described(const ImportConfig& config) {
  if (!config.like.empty()) {
    const auto like = train::CheckpointStore(config.like / "checkpoints", "generator").load_newest();
    if (!like) throw io::DataError(io::Fault::InvalidShard, "the run of --like has no good checkpoint of a generator");
    GeneratorRecord record = generator_record_from_json(like->metadata.at(kGeneratorRecord));
    record.train_sha256.clear();  // of these weights nobody knows what they were trained on
    return {record, 0};
  }
  if (!fs::exists(config.from / kSidecar))
    throw ConfigError({{"--from", "",
                        "the folder has no ctforge.json, which says what classes and HU the networks mean: give a run "
                        "of the same with --like"}});
  try {
    const auto json = ordered_json::parse(io::read_whole_file(config.from / kSidecar));
    if (json.at("schema").get<int>() > kInterchangeSchema)
      throw io::DataError(io::Fault::UnsupportedFormat, "ctforge.json was written by a later ctforge");
    return {generator_record_from_json(json.at("generator").dump()), json.at("step").get<std::int64_t>()};
  } catch (const ordered_json::exception&) {
    throw io::DataError(io::Fault::InvalidHeader, "ctforge.json of the folder cannot be read");
  }
}

void check_fits(const GeneratorRecord& record, const nets::UNetConfig& found) {
  const bool fits = found.in_channels == record.unet.in_channels && found.out_channels == record.unet.out_channels &&
                    found.num_class_embeds == record.unet.num_class_embeds;
  if (!fits)
    throw io::DataError(io::Fault::OtherConfiguration,
                        "the U-Net has other channels or another number of classes than it is said to have");
}

void check_fits(const GeneratorRecord& record, const nets::AutoencoderConfig& found) {
  const std::int64_t factor = std::int64_t{1} << (found.block_out_channels.size() - 1);
  const auto channels = 1 + static_cast<std::int64_t>(record.patches.labels.size());
  const bool fits = found.latent_channels == record.latent_shape[0] && found.in_channels == channels &&
                    found.out_channels == channels && record.latent_shape[1] * factor == record.patches.height &&
                    record.latent_shape[2] * factor == record.patches.width;
  if (!fits)
    throw io::DataError(io::Fault::OtherConfiguration,
                        "the autoencoder has other channels, or another number of levels, than the patches and latents "
                        "that it is said to have");
}

// A network that answers another question, or on another path, would give samples that only look strange.
void check_fits(const GeneratorRecord& record, const fs::path& folder) {
  const fs::path file = folder / "scheduler" / "scheduler_config.json";
  if (!fs::exists(file)) return;
  const auto found = parametrisation_from_scheduler(io::read_whole_file(file)), ours = parametrisation_of(record);
  const auto near = [](double a, double b) { return std::abs(a - b) <= 1e-6 * std::max(std::abs(a), std::abs(b)); };
  bool fits = found.target == ours.target && found.learned_variance == ours.learned_variance &&
              near(found.path.t_max(), ours.path.t_max()) && near(found.path.t_min(), ours.path.t_min());
  for (int i = 0; fits && i <= 8; ++i) {
    const double t = ours.path.t_min() + (ours.path.t_max() - ours.path.t_min()) * i / 8;
    const auto theirs_at = found.path.at(t), ours_at = ours.path.at(t);
    fits = near(theirs_at.alpha, ours_at.alpha) && near(theirs_at.sigma, ours_at.sigma) &&
           near(found.path.noise_input(t), ours.path.noise_input(t));
  }
  using diffusion::Target;
  if (ours.target == Target::Edm || ours.target == Target::Boundary)
    fits = fits && near(found.sigma_data, ours.sigma_data);
  if (!fits)
    throw io::DataError(io::Fault::OtherConfiguration,
                        "scheduler_config.json tells of another target, noise schedule or scale than the U-Net is said "
                        "to have learned");
}

// Latents are standardised as the autoencoder's configuration says, where it does.
void take_latent_statistics(GeneratorRecord& record, const nets::AutoencoderConfig& found) {
  if (found.latents_mean.empty() || found.latents_std.empty()) return;
  record.shift = found.latents_mean;
  record.scale.clear();
  for (const double deviation : found.latents_std) record.scale.push_back(found.scaling_factor / deviation);
}

}  // namespace

void export_generator(const ExportConfig& config) {
  const fs::path checkpoints = config.run / "checkpoints";
  const auto newest = train::CheckpointStore(checkpoints, "generator").load_newest();
  const Generator generator = load_generator(checkpoints, torch::Device(config.device), config.weights);
  if (generator.is_gan()) throw ConfigError({{"the generator", "--out", "is a GAN, which diffusers has no class for"}});
  const GeneratorRecord record = generator_record_from_json(newest->metadata.at(kGeneratorRecord));
  const std::string scheduler = scheduler_config(record.method, record.sigma_data);
  if (fs::exists(config.to / kSidecar)) fs::remove_all(config.to / "vae");  // of an export before this one
  nets::save_diffusers(generator.unet, config.to / "unet");
  if (record.codec == "autoencoder") {
    nets::Autoencoder autoencoder = nets::load_autoencoder(checkpoints / "autoencoder");
    std::vector<double> deviation;
    for (const double scale : record.scale) deviation.push_back(1 / scale);
    autoencoder->set_latent_statistics(record.shift, deviation);
    nets::save_diffusers(autoencoder, config.to / "vae");
  }
  fs::create_directories(config.to / "scheduler");
  io::write_atomically(config.to / "scheduler" / "scheduler_config.json", scheduler);
  io::write_atomically(config.to / kSidecar, sidecar(record, generator).dump(1) + "\n");
}

void import_generator(const ImportConfig& config) {
  const fs::path checkpoints = config.run / "checkpoints";
  fs::create_directories(config.run);
  const FolderLock lock(config.run);
  if (fs::exists(checkpoints))
    throw ConfigError({{"--out", "", "the folder has checkpoints already: give another one"}});
  auto [record, step] = described(config);
  const nets::UNet unet = nets::load_unet(config.from / "unet");
  check_fits(record, unet->config());
  check_fits(record, config.from);
  record.unet = unet->config();
  if (record.codec == "autoencoder") {
    const nets::Autoencoder autoencoder = nets::load_autoencoder(config.from / "vae");
    check_fits(record, autoencoder->config());
    take_latent_statistics(record, autoencoder->config());
    record.autoencoder_sha256 = weights_sha256(*autoencoder);
    nets::save_diffusers(autoencoder, checkpoints / "autoencoder");
  }
  train::Checkpoint checkpoint;
  checkpoint.step = step;
  for (const auto& [name, tensor] : nets::named_tensors(*unet))
    checkpoint.tensors["ema." + name] = checkpoint.tensors["weights." + name] = tensor;
  checkpoint.metadata[kGeneratorRecord] = to_json(record);
  // No training goes on from it: the optimiser's state is not part of the exchange.
  checkpoint.metadata["configuration"] = "{\"imported\": true}";
  train::CheckpointStore(checkpoints, "generator").save(checkpoint);
}

}  // namespace ctforge::pipeline
