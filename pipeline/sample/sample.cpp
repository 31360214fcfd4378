// The sample stage: the checkpoint, the classes' proportions and the seed, then the samples.
#include "pipeline/sample/sample.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/random.h"
#include "io/file/safetensors.h"
#include "io/file/shard.h"
#include "models/train/checkpoint.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/observe/log.h"
#include "pipeline/sample/draw.h"
#include "pipeline/sample/generator.h"
#include "pipeline/sample/release.h"
#include "pipeline/sample/sample_export.h"
#include "pipeline/sample/sample_shards.h"
#include "pipeline/sample/sampler.h"
#include "pipeline/sample/starts.h"
#include "pipeline/train/learned_scans.h"
#include "pipeline/train/train_data.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

namespace {

// Stream of the run's seed that samples are drawn from.
constexpr std::uint64_t kSampleStream = 0x73616d706c65;

// Held-out patients of this folder may have been training patients of a generator that was trained on another split.
void check_training_set(const Context& context, const Generator& generator) {
  const auto folder = context.out / "data";
  if (generator.train_sha256.empty() || !io::has_shards(folder, "train")) return;
  if (split_sha256(folder, "train") != generator.train_sha256)
    throw io::DataError(io::Fault::OtherConfiguration,
                        "the generator was trained on other data than is prepared in this folder, whose held-out "
                        "patients it may have seen: run train again, or prepare as before");
}

// With the weaker one that guidance leads away from, where one is named.
Generator find_generator(const SampleConfig& config, const Context& context, std::vector<std::string>& notes) {
  const torch::Device device(context.device);
  Generator generator =
      load_generator(context.out / "checkpoints", device, {config.weights == "ema", config.ema_length}, &notes);
  if (config.weaker.empty()) return generator;
  auto weaker =
      std::make_shared<Generator>(load_generator(std::filesystem::path(config.weaker) / "checkpoints", device));
  if (generator.is_gan() || weaker->is_gan())
    throw ConfigError({{"the generator", "sample.weaker", "guides diffusion models by diffusion models alone"}});
  const bool alike =
      weaker->autoencoder_sha256 == generator.autoencoder_sha256 && weaker->latent_shape == generator.latent_shape &&
      weaker->patches.classes == generator.patches.classes && weaker->patches.labels == generator.patches.labels &&
      weaker->patches.window_hu == generator.patches.window_hu && weaker->shift == generator.shift &&
      weaker->scale == generator.scale;
  if (!alike)
    throw ConfigError({{"the generator", "sample.weaker",
                        "must be a generator of the same latents and classes: train it with train.from"}});
  learned_without_held_out(std::filesystem::path(config.weaker) / "checkpoints", context.out / "data", "sample.weaker");
  generator.weaker = std::move(weaker);
  return generator;
}

// Over as many samples as show it to a few per cent.
constexpr std::int64_t kStraightened = 64;

std::optional<double> straightness(const SampleConfig& config, const Generator& generator, std::uint64_t seed,
                                   const std::vector<double>& proportions, const Context& context) {
  const bool meaningful =
      generator.method.name == "rectified_flow" && is_deterministic(config) && config.steps > 1 && config.strength == 1;
  if (!meaningful) return std::nullopt;
  std::vector<Wanted> wanted;
  for (const std::int64_t index : class_sequence(std::min(config.count, kStraightened), proportions))
    wanted.push_back({static_cast<std::int64_t>(wanted.size()), index});
  const auto drawn = draw_samples(config, generator, network(generator), seed, wanted, context.interrupted);
  if (!drawn) throw Interrupted{"sample"};
  return drawn->straightness;
}

}  // namespace

void check_sample(const SampleConfig& config) {
  std::vector<ConfigProblem> problems;
  if (config.sigma_max != 0 && !(config.sigma_min < config.sigma_max))
    problems.push_back({"configuration", "sample.sigma_max", "must be above sample.sigma_min"});
  if (config.guidance_high != 0 && !(config.guidance_low <= config.guidance_high))
    problems.push_back({"configuration", "sample.guidance_high", "must not be below sample.guidance_low"});
  if (config.eta != 0 && config.sampler != "ddim")
    problems.push_back({"configuration", "sample.eta", "is for sample.sampler ddim; found " + config.sampler});
  if (config.order != SampleConfig{}.order && config.sampler != "unipc")
    problems.push_back({"configuration", "sample.order", "is for sample.sampler unipc; found " + config.sampler});
  if (config.variance != "fixed_small" && config.sampler != "ddpm")
    problems.push_back({"configuration", "sample.variance", "is for sample.sampler ddpm; found " + config.sampler});
  // Settings that would do nothing: somebody expects something of them.
  const SampleConfig plain;
  const bool karras = config.levels.empty() && (config.grid == "auto" || config.grid == "karras");
  const bool guided = config.guidance != 1 || !config.blend.empty();
  const auto of_churn = [&config, &plain](double SampleConfig::*value) {
    return config.*value != plain.*value && config.sampler != "edm_sde";
  };
  for (const auto& [key, idle, by] :
       {std::tuple{"rho", config.rho != plain.rho && !karras, "sample.grid karras"},
        std::tuple{"shift", config.shift != plain.shift && config.grid != "shifted", "sample.grid shifted"},
        std::tuple{"churn", of_churn(&SampleConfig::churn), "sample.sampler edm_sde"},
        std::tuple{"churn_low", of_churn(&SampleConfig::churn_low), "sample.sampler edm_sde"},
        std::tuple{"churn_high", of_churn(&SampleConfig::churn_high), "sample.sampler edm_sde"},
        std::tuple{"churn_noise", of_churn(&SampleConfig::churn_noise), "sample.sampler edm_sde"},
        std::tuple{"enhanced", config.enhanced && config.format != "dicom", "sample.format dicom"},
        std::tuple{"structure_set", config.structure_set && config.format != "dicom", "sample.format dicom"},
        std::tuple{"surfaces", config.surfaces && config.format == "shards", "sample.format nifti or dicom"},
        std::tuple{"strength", config.strength * static_cast<double>(config.steps) < 1,
                   "more sample.steps, of which it leaves none"},
        std::tuple{"movement", config.movement != plain.movement && config.strength == 1, "sample.strength below 1"},
        std::tuple{"guidance_from", !config.guidance_from.empty() && !guided, "sample.guidance other than 1"},
        std::tuple{"guidance_low", config.guidance_low != plain.guidance_low && !guided,
                   "sample.guidance other than 1"},
        std::tuple{"guidance_high", config.guidance_high != plain.guidance_high && !guided,
                   "sample.guidance other than 1"},
        std::tuple{"sigma_max", config.sigma_max != plain.sigma_max && !config.levels.empty(),
                   "grids, not sample.levels"},
        std::tuple{"sigma_min", config.sigma_min != plain.sigma_min && !config.levels.empty(),
                   "grids, not sample.levels"}})
    if (idle)
      problems.push_back(
          {"configuration", std::string("sample.") + key, std::string("would do nothing: it is for ") + by});
  if (config.sampler == "pndm" && config.grid != "auto" && config.grid != "trailing" && config.grid != "leading" &&
      config.grid != "uniform")
    problems.push_back(
        {"configuration", "sample.grid",
         "must be trailing, leading or uniform for sample.sampler pndm, whose steps are even; found " + config.grid});
  if (config.pairs && !is_deterministic(config))
    problems.push_back(
        {"configuration", "sample.pairs", "needs a sampler that adds no noise of its own; found " + config.sampler});
  if (config.pairs && config.strength != 1)
    problems.push_back({"configuration", "sample.pairs", "needs sample.strength 1: samples made of noise alone"});
  if (!config.levels.empty() && static_cast<std::int64_t>(config.levels.size()) != config.steps)
    problems.push_back({"configuration", "sample.steps", "must be the number of sample.levels"});
  if (!config.levels.empty() && config.grid != "auto")
    problems.push_back({"configuration", "sample.grid", "must be auto where sample.levels are given"});
  if (!config.weaker.empty() && !config.guidance_from.empty())
    problems.push_back({"configuration", "sample.weaker", "must be empty where sample.guidance_from is given"});
  if (!config.weaker.empty() && config.guidance == 1 && config.blend.empty())
    problems.push_back({"configuration", "sample.guidance", "must not be 1 where sample.weaker is to guide"});
  if (config.ema_length > 0 && config.weights != "ema")
    problems.push_back({"configuration", "sample.weights", "must be ema where sample.ema_length is given"});
  if (!(config.churn_low <= config.churn_high))
    problems.push_back({"configuration", "sample.churn_high", "must not be below sample.churn_low"});
  if (!problems.empty()) throw ConfigError(problems);
}

namespace {

// Sampling while training goes on, or after it was stopped, is fair; taking the result for the end of it is not.
void note_unfinished(const Generator& generator, std::vector<std::string>& notes) {
  const auto trained = nlohmann::json::parse(generator.config, nullptr, false);
  if (!trained.is_object() || trained.value("time_limit_min", 0.0) > 0) return;
  if (generator.step == 0) return;  // imported from elsewhere: nothing is known of its training
  const std::int64_t steps = trained.value("steps", std::int64_t{0});
  if (generator.step < steps)
    notes.push_back("the generator's training is not finished: step " + std::to_string(generator.step) + " of " +
                    std::to_string(steps));
}

// Patches of each class in the training set; empty when it is not here.
std::vector<double> training_counts(const Context& context, const Generator& generator) {
  const auto folder = context.out / "data";
  if (!io::has_shards(folder, "train")) return {};
  const auto& names = generator.patches.classes;
  std::vector<double> counts(names.size(), 0.0);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("train-") || entry.path().extension() != ".safetensors") continue;
    // Only this column is read: the data set may be far larger than memory.
    const io::SafetensorsFile shard(entry.path());
    const auto classes = shard.metadata().find("classes");
    if (classes == shard.metadata().end() ||
        nlohmann::json::parse(classes->second, nullptr, false) != nlohmann::json(names))
      throw io::DataError(io::Fault::InvalidShard,
                          "the prepared data has other classes than the generator was trained on");
    for (const std::int32_t index : shard.at("class").as<std::int32_t>()) {
      if (index < 0 || static_cast<std::size_t>(index) >= counts.size())
        throw io::DataError(io::Fault::InvalidShard, "a patch of the prepared data has a class without a name");
      counts[static_cast<std::size_t>(index)] += 1;
    }
  }
  return counts;
}

// Without the training set nothing is known of how often each class was seen: all are drawn. What is left out is said
// in `notes`.
std::vector<double> proportions_of(const SampleConfig& config, const Context& context, const Generator& generator,
                                   std::vector<std::string>& notes) {
  auto counts = training_counts(context, generator);
  if (counts.empty()) {
    if (config.classes == "training")
      throw io::DataError(io::Fault::Unreadable, "sample.classes training needs the prepared data, which is not there");
    return std::vector<double>(generator.patches.classes.size(), 1.0);
  }
  return class_proportions(config, std::move(counts), generator.patches.classes, notes);
}

void check_masks(const SampleConfig& config, const Generator& generator) {
  if (generator.patches.labels.size() > 1 || (!config.structure_set && !config.surfaces)) return;
  throw ConfigError({{"the generator", config.surfaces ? "sample.surfaces" : "sample.structure_set",
                      "would do nothing: the generator was trained without label maps and makes no masks"}});
}

void export_samples(const SampleConfig& config, const SampleOrigin& origin, const std::filesystem::path& samples,
                    const Context& context) {
  const ExportOptions options = {config.enhanced, config.surfaces, config.structure_set};
  if (config.format == "nifti") export_nifti(samples, origin, options, context);
  if (config.format == "dicom") export_dicom(samples, origin, options, context);
}

// What the network makes of the same noise before it has learned anything: a distance means little without it.
void draw_untrained(const SampleConfig& config, const Context& context, std::uint64_t seed,
                    const std::vector<double>& proportions, const Generator& trained) {
  const auto folder = context.out / "samples" / "untrained";
  if (config.untrained == 0) {
    if (!context.part) std::filesystem::remove_all(folder);
    return;
  }
  SampleConfig own = config;
  own.count = config.untrained;
  own.pairs = false;
  Generator generator =
      untrained_generator(context.out / "checkpoints", torch::Device(context.device), io::mix_seed(seed, 1));
  generator.weaker = trained.weaker;
  generator.starts = trained.starts;
  write_samples(own, generator, network(generator), seed, proportions, folder, context);
}

// For the release gate: variations are not near to any training patch as it lies, but may be the one that they began
// at.
void write_start_correlations(const std::filesystem::path& samples, const StartPatches* starts) {
  const auto file = samples / kStartsFile;
  if (starts == nullptr) {
    std::filesystem::remove(file);
    return;
  }
  const auto set = eval::patches_of(std::make_shared<const io::ShardSet>(samples, "synthetic"));
  const nlohmann::ordered_json json = {{"schema", 1}, {"correlation", start_correlations(*starts, set)}};
  io::write_atomically(file, json.dump() + "\n");
}

// Said at once, before anybody takes the samples for what they may not be.
nlohmann::ordered_json judged(const ReleaseConfig& release, const Context& context) {
  const auto verdict = judge_samples(release, context);
  io::write_atomically(context.out / "samples" / "release.json", verdict.dump(1) + "\n");
  if (verdict.at("state") == "not releasable")
    log_warning("sample: NOT RELEASABLE: " + verdict.at("copies").dump() + " of " + verdict.at("samples").dump() +
                " samples are as near to a training patch as held-out patients hardly ever are; samples/release.json "
                "lists them, ctforge filter leaves them out");
  return {{"state", verdict.at("state")}, {"copies", verdict.at("copies")}, {"share", verdict.at("share")}};
}

}  // namespace

bool weaker_has_changed(const SampleConfig& config, const nlohmann::ordered_json& summary) {
  if (config.weaker.empty()) return false;
  const auto newest =
      train::CheckpointStore(std::filesystem::path(config.weaker) / "checkpoints", "generator").load_newest();
  return newest && newest->sha256 != summary.value("weaker_sha256", "");
}

nlohmann::ordered_json run_sample(const SampleConfig& config, const Context& context, const ReleaseConfig& release) {
  check_sample(config);
  std::vector<std::string> notes;
  Generator generator = find_generator(config, context, notes);
  check_masks(config, generator);
  if (generator.is_gan()) {
    check_gan_sampling(config);
  } else {
    check_guidance(config, generator);
    check_sampler(config, generator.parametrisation);
  }
  check_training_set(context, generator);
  note_unfinished(generator, notes);
  const auto seed =
      config.seed != 0 ? static_cast<std::uint64_t>(config.seed) : io::mix_seed(context.seed, kSampleStream);
  const auto samples = context.out / "samples";
  std::shared_ptr<const StartPatches> starts;
  if (config.strength != 1) {
    starts = std::make_shared<const StartPatches>(context.out / "data", generator.patches, config.movement, seed);
    generator.starts = encoded_starts(starts, generator);
    generator.starts_sha256 = starts->sha256();
  }
  const auto proportions = starts ? class_proportions(config, starts->counts(), generator.patches.classes, notes)
                                  : proportions_of(config, context, generator, notes);
  for (const std::string& note : notes) log_warning("sample: " + note);
  auto record = write_samples(config, generator, network(generator), seed, proportions, samples, context);
  if (context.part) {
    draw_untrained(config, context, seed, proportions, generator);
    return record;
  }
  if (const auto learned = read_learned(context.out / "checkpoints"); config.pairs && learned)
    write_learned(samples, *learned);
  record["warnings"] = notes;
  record["train_sha256"] = generator.train_sha256;
  if (const auto value = straightness(config, generator, seed, proportions, context)) record["straightness"] = *value;
  draw_untrained(config, context, seed, proportions, generator);
  export_samples(config, {generator.checkpoint_sha256, generator.step, seed, config.strength}, samples, context);
  write_start_correlations(samples, starts.get());
  record["release"] = judged(release, context);
  io::write_atomically(samples / "samples.json", record.dump(1) + "\n");
  return record;
}

}  // namespace ctforge::pipeline
