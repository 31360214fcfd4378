// Finding the generator and comparing its patches with ours.
#include "pipeline/train_origin.h"

#include "models/nets/diffusers.h"
#include "pipeline/config_tree.h"

#include <filesystem>
#include <string>
#include <utility>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const std::string& text) { throw ConfigError({{"the generator", "train.from", text}}); }

void check_alike(const io::ShardInfo& theirs, const io::ShardInfo& ours) {
  if (theirs.height != ours.height || theirs.width != ours.width) refuse("was trained on patches of another size");
  if (theirs.classes != ours.classes) refuse("was trained on other classes than the prepared data has");
  if (theirs.labels != ours.labels) refuse("was trained on other labels than the prepared data has");
  if (theirs.spacing_mm != ours.spacing_mm) refuse("was trained on patches of another spacing");
  if (theirs.window_hu != ours.window_hu) refuse("was trained with another HU window");
}

}  // namespace

std::optional<Origin> find_origin(const TrainConfig& config, const Context& context, const GeneratorRecord& record) {
  if (config.from.empty()) return std::nullopt;
  const fs::path folder = fs::path(config.from) / "checkpoints";
  std::error_code error;
  if (fs::equivalent(folder, context.out / "checkpoints", error)) refuse("must be another run than this one");
  Origin origin{load_generator(folder, torch::Device(context.device)), nullptr};
  check_alike(origin.generator.patches, record.patches);
  const bool latents = !origin.generator.autoencoder_sha256.empty();
  if (latents != (config.codec == "autoencoder"))
    refuse(std::string("was trained with train.codec ") + (latents ? "autoencoder" : "identity"));
  if (latents) {
    origin.autoencoder = nets::load_autoencoder(folder / "autoencoder");
    for (auto& parameter : origin.autoencoder->parameters()) parameter.requires_grad_(false);
    origin.autoencoder->to(torch::Device(context.device));
    origin.autoencoder->eval();
  }
  return origin;
}

}  // namespace ctforge::pipeline
