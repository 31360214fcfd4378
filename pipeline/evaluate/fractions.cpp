// Configurations, folders and links of the fractions.
#include "pipeline/evaluate/fractions.h"

#include "io/file/fault.h"
#include "pipeline/run/json_file.h"
#include "pipeline/run/manifest.h"
#include "pipeline/run/stage.h"

#include <algorithm>
#include <system_error>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

bool asked(const Config& config, const std::string& stage) {
  const auto& stages = config.run.stages;
  return std::find(stages.begin(), stages.end(), stage) != stages.end();
}

// A link from the fraction's folder to what lies under the same name in OUT; one that is there stays.
void link(const fs::path& folder, const std::string& name) {
  std::error_code error;
  if (fs::symlink_status(folder / name, error).type() != fs::file_type::not_found) return;
  fs::create_symlink(fs::path("..") / ".." / name, folder / name, error);
  if (error && error != std::errc::file_exists)  // another part may have been first
    throw std::system_error(error, "a link in the fraction's folder cannot be made");
}

}  // namespace

std::vector<double> fractions_to_make(const Config& config) {
  std::vector<double> fractions;
  if (!config.evaluate.downstream.enabled) return fractions;
  for (const double fraction : config.evaluate.downstream.fractions)
    if (fraction < 1) fractions.push_back(fraction);
  return fractions;
}

fs::path fraction_folder(const fs::path& out, double fraction) { return out / "fractions" / number_name(fraction); }

std::vector<std::string> fraction_stages(const std::vector<std::string>& arms) {
  if (std::any_of(arms.begin(), arms.end(), uses_synthetic)) return {"prepare", "train", "sample"};
  return {"prepare"};
}

Config fraction_config(const Config& config, double fraction) {
  Config own = config;
  own.prepare.split.train_fraction *= fraction;
  // The phantom stays among the stages where it is: the fraction, too, depends on what it was made with.
  own.run.stages = fraction_stages(config.evaluate.downstream.arms);
  if (asked(config, "phantom")) own.run.stages.insert(own.run.stages.begin(), "phantom");
  own.run.prometheus.clear();  // a file for each run at a time
  if (!own.run.name.empty()) own.run.name += "-fraction-" + number_name(fraction);
  const SampleConfig plain;
  own.sample.format = plain.format;
  own.sample.enhanced = plain.enhanced;
  own.sample.structure_set = plain.structure_set;
  own.sample.surfaces = plain.surfaces;
  own.sample.pairs = plain.pairs;
  own.sample.untrained = plain.untrained;
  own.evaluate = {};
  own.report = {};
  own.sweep = {};
  return own;
}

void check_fractions(const Config& config) {
  std::vector<ConfigProblem> problems;
  const auto refuse_if = [&problems](bool wrong, const std::string& key, const std::string& why) {
    if (wrong) problems.push_back({"configuration", key, why});
  };
  if (!fractions_to_make(config).empty()) {
    const std::string why =
        "must be empty where evaluate.downstream.fractions has parts below 1: it learned from patients that a "
        "fraction's generator must not see";
    refuse_if(!config.train.from.empty(), "train.from", why);
    refuse_if(!config.train.pairs.empty(), "train.pairs", why);
    refuse_if(!config.sample.weaker.empty(), "sample.weaker", why);
  }
  const DownstreamConfig& experiment = config.evaluate.downstream;
  refuse_if(experiment.enabled && leaves_choice(experiment) && config.prepare.split.table.empty() &&
                config.prepare.split.validation_patients == 0,
            "prepare.split.validation_patients",
            "must not be 0 where evaluate.downstream.synthetic_shares, synthetic_until or learning_rates leave a "
            "choice: it is made on "
            "validation patients alone");
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

double parsed_fraction(const Config& config, const std::string& text) {
  std::string known;
  for (const double fraction : fractions_to_make(config)) {
    if (number_name(fraction) == text) return fraction;
    known += (known.empty() ? "" : ", ") + number_name(fraction);
  }
  throw ConfigError({{"--fraction", "",
                      "'" + text + "' is none of evaluate.downstream.fractions below 1 (" +
                          (known.empty() ? "there are none" : known) + ")"}});
}

void link_fraction(const Config& config, const fs::path& out, double fraction) {
  if (!fs::exists(out / "data" / "prepare.json"))
    throw io::DataError(io::Fault::Unreadable,
                        "a fraction needs the result of prepare for all patients, which is not in this folder or not "
                        "finished: run prepare first");
  const fs::path folder = fraction_folder(out, fraction);
  fs::create_directories(folder);
  if (config.prepare.key_file.empty()) link(folder, "patient.key");
  if (config.prepare.input.empty()) link(folder, "cohort");
}

bool is_made(const Config& config, const fs::path& out, double fraction) {
  const Config own = fraction_config(config, fraction);
  const Manifest manifest(fraction_folder(out, fraction));
  const auto stages = fraction_stages(config.evaluate.downstream.arms);
  return std::all_of(stages.begin(), stages.end(),
                     [&](const std::string& stage) { return manifest.done(stage, fingerprint(own, stage)); });
}

bool has_labels(const fs::path& out) {
  return read_object(out / "data" / "prepare.json").value("labels", nlohmann::ordered_json::array()).size() > 1;
}

void require_fractions(const Config& config, const fs::path& out) {
  if (!has_labels(out)) return;
  for (const double fraction : fractions_to_make(config))
    if (!is_made(config, out, fraction))
      throw io::DataError(io::Fault::Unreadable, "the generator of fraction " + number_name(fraction) +
                                                     " is not there or was made with other settings: run --fraction " +
                                                     number_name(fraction) + " first");
}

}  // namespace ctforge::pipeline
