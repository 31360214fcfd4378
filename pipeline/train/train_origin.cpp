// Finding the generator and comparing its patches with ours.
#include "pipeline/train/train_origin.h"

#include "models/nets/diffusers.h"
#include "models/train/checkpoint.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/train/train_pairs.h"

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

// Weights go on where the network keeps being told and asked the same. A consistency model is asked for the data, which
// is what a network of EDM's estimates.
void check_same_question(const Method& theirs, const Method& ours) {
  Method same = theirs;
  if (same.name == "edm" && same.target == "edm" && ours.name == "consistency") {
    same.name = ours.name;
    same.target = ours.target;
  }
  if (same != ours)
    refuse("learned train.method " + theirs.name + " with train.target " + theirs.target +
           (theirs.betas.empty() ? "" : " and train.betas " + theirs.betas) +
           ", and its weights mean nothing to this one: give train.from_weights false, or the same method");
}

void check_guides(const Generator& teacher, const ConsistencyTraining& config) {
  const auto trained = nlohmann::json::parse(teacher.config, nullptr, false);
  if (config.teacher_guidance != 1 && trained.is_object() && trained.value("label_dropout", 1.0) == 0)
    throw ConfigError({{"the generator", "train.consistency.teacher_guidance",
                        "must be 1: the teacher was trained with train.label_dropout 0, never without a class"}});
}

}  // namespace

std::optional<Origin> find_origin(const TrainConfig& config, const Context& context, const GeneratorRecord& record) {
  if (config.from.empty()) return std::nullopt;
  const fs::path folder = fs::path(config.from) / "checkpoints";
  std::error_code error;
  if (fs::equivalent(folder, context.out / "checkpoints", error)) refuse("must be another run than this one");
  Origin origin{load_generator(folder, torch::Device(context.device)), nullptr};
  check_alike(origin.generator.patches, record.patches);
  if (config.from_weights) check_same_question(origin.generator.method, record.method);
  if (origin.generator.is_gan() && config.consistency.distil)
    refuse("is a GAN, whose samples come in one step: there is nothing to distil");
  check_guides(origin.generator, config.consistency);
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

bool origin_has_changed(const TrainConfig& config, const nlohmann::ordered_json& summary) {
  if (config.from.empty() || !summary.contains("from_sha256")) return false;
  const auto newest = train::CheckpointStore(fs::path(config.from) / "checkpoints", "generator").load_newest();
  if (newest && newest->sha256 != summary.at("from_sha256")) return true;
  const bool paired = !config.pairs.empty() && fs::exists(config.pairs) && summary.contains("pairs");
  return paired && pairs_sha256(config.pairs) != summary.at("pairs").at("sha256");
}

}  // namespace ctforge::pipeline
