// The table of stages.
#include "pipeline/run/stage.h"

#include "io/file/digest.h"
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "pipeline/prepare/input_listing.h"
#include "pipeline/train/train_origin.h"

#include <algorithm>
#include <stdexcept>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

ordered_json default_release() { return to_json(Config{}).at("release"); }

}  // namespace

const std::vector<Stage>& all_stages() {
  static const StageNeed cohort = {"phantom", "cohort/cohort.json"};
  static const StageNeed prepared = {"prepare", "data/prepare.json"};
  // Checkpoints are whole each, and a generator may come from elsewhere without the data.
  static const StageNeed prepared_if_any = {"prepare", "data/prepare.json", false};
  static const StageNeed sampled = {"sample", "samples/samples.json"};
  static const std::vector<Stage> stages = {
      {"phantom",
       [](const Config& c, const Context& context) { return run_phantom(c.phantom, context); },
       {"cohort"},
       {}},
      {"prepare",
       [](const Config& c, const Context& context) { return run_prepare(c.prepare, context); },
       {"data"},
       {cohort},
       {"data/prepare.json"},
       [](const Config& c, const fs::path& out, const ordered_json&) { return input_has_changed(c.prepare, out); }},
      {"train",
       [](const Config& c, const Context& context) { return run_train(c.train, context, c.model); },
       {"checkpoints", "metrics.jsonl"},
       {prepared},
       {},
       [](const Config& c, const fs::path&, const ordered_json& summary) {
         return origin_has_changed(c.train, summary);
       },
       Sharing::Steps},
      {"sample",
       [](const Config& c, const Context& context) { return run_sample(c.sample, context, c.release); },
       {"samples"},
       {prepared_if_any},
       {"samples/samples.json"},
       [](const Config& c, const fs::path&, const ordered_json& summary) {
         return weaker_has_changed(c.sample, summary);
       },
       Sharing::Parts},
      {"evaluate",
       [](const Config& c, const Context& context) { return run_evaluate(c.evaluate, context, c.release); },
       {"evaluation"},
       {prepared, sampled},
       {"evaluation/distances.json", "evaluation/nearest.json", "evaluation/release.json", "evaluation/radiomics.json",
        "evaluation/noise_power.json", "evaluation/diversity.json", "evaluation/quality.json",
        "evaluation/downstream.json", "evaluation/downstream.csv"},
       {},
       Sharing::Parts},
      {"report",
       [](const Config& c, const Context& context) { return run_report(c.report, context); },
       {"report.html", "report.json"},
       {}},
  };
  return stages;
}

const Stage& stage_named(const std::string& name) {
  for (const Stage& stage : all_stages())
    if (stage.name == name) return stage;
  throw std::invalid_argument("no stage is called '" + name + "'");
}

void check_needs(const Stage& stage, const Config& config, const fs::path& out) {
  for (const StageNeed& need : stage.needs) {
    const bool phantom = need.stage == "phantom";
    if (phantom && !config.prepare.input.empty()) continue;
    const fs::path file = out / need.last_file;
    if (fs::exists(file) || (!need.always && !fs::exists(file.parent_path()))) continue;
    throw io::DataError(io::Fault::Unreadable, stage.name + " needs the result of " + need.stage +
                                                   ", which is not in this folder or not finished: run " + need.stage +
                                                   " first" + (phantom ? ", or give prepare.input" : ""));
  }
}

std::string settings_sha256(const ordered_json& section) { return io::sha256_hex(section.dump()); }

std::string combined_fingerprint(const std::string& stage, const std::string& builds_on,
                                 const std::string& settings_sha256) {
  return io::sha256_hex(builds_on + stage + settings_sha256 + std::to_string(io::kShardSchema));
}

ordered_json settings_of_stage(const ordered_json& configuration, const std::string& stage) {
  ordered_json settings = configuration.at(stage);
  // Without them it is what it was before they were there.
  if (stage == "prepare" && settings.at("split").value("train_fraction", 1.0) == 1)
    settings["split"].erase("train_fraction");
  if (stage == "sample" && settings.value("strength", 1.0) == 1)
    for (const char* key : {"strength", "movement"}) settings.erase(key);
  if (stage == "evaluate" && !settings.at("volumes").value("cube", false)) settings["volumes"].erase("cube");
  if (stage == "train" && configuration.at("model").at("kind") != "diffusion")
    settings["model"] = configuration.at("model");
  if (stage == "sample" && configuration.at("release") != default_release())
    settings["release"] = configuration.at("release");
  return settings;
}

StageIdentity identity_of(const Config& config, const std::string& stage) {
  const ordered_json json = to_json(config);
  StageIdentity identity;
  identity.fingerprint = std::to_string(config.run.seed);
  const bool cohort_is_ours =
      std::find(config.run.stages.begin(), config.run.stages.end(), "phantom") != config.run.stages.end();
  for (const Stage& each : all_stages()) {
    if (each.name != "phantom" || cohort_is_ours || stage == "phantom") {
      identity.builds_on = identity.fingerprint;
      identity.settings_sha256 = settings_sha256(settings_of_stage(json, each.name));
      identity.fingerprint = combined_fingerprint(each.name, identity.builds_on, identity.settings_sha256);
    }
    if (each.name == stage) return identity;
  }
  throw std::invalid_argument("no stage is called '" + stage + "'");
}

std::string fingerprint(const Config& config, const std::string& stage) {
  return identity_of(config, stage).fingerprint;
}

}  // namespace ctforge::pipeline
