// Outputs against their hashes, fingerprints against settings, and the words for it.
#include "pipeline/run/verify.h"

#include "io/file/digest.h"
#include "io/file/fault.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/run/determinism.h"
#include "pipeline/run/manifest.h"
#include "pipeline/run/stage.h"
#include "pipeline/run/verify_chain.h"

#include <algorithm>
#include <set>
#include <utility>

#include <version.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr int kVerifySchema = 1;

void check_outputs(const fs::path& run, const ordered_json& record, StageVerdict& verdict) {
  const auto outputs = record.value("outputs", ordered_json::object());
  for (const auto& [name, output] : outputs.items()) {
    const fs::path file = run / name;
    std::error_code error;
    if (!fs::is_regular_file(file, error)) {
      verdict.discrepancies.push_back(name + " is missing");
    } else if (fs::file_size(file, error) != output.value("bytes", std::uintmax_t{0})) {
      verdict.discrepancies.push_back(name + " has another size than was recorded");
    } else if (io::sha256_file(file) != output.value("sha256", "")) {
      verdict.discrepancies.push_back(name + " has other contents than were recorded");
    } else {
      ++verdict.files;
    }
  }
}

bool holds_hidden_paths(const ordered_json& settings) { return settings.dump().find(kHiddenPath) != std::string::npos; }

// The settings as recorded, and the chain of fingerprints from the stage before.
void check_fingerprint(const ordered_json& stages, const std::string& before, const ordered_json& record,
                       const std::optional<Config>& config, StageVerdict& verdict) {
  const std::string settings = record.value("settings_sha256", ""), builds_on = record.value("builds_on", "");
  if (settings.empty()) {
    verdict.notes.push_back("an earlier ctforge recorded it, without what its fingerprint follows from");
    return;
  }
  if (combined_fingerprint(verdict.stage, builds_on, settings) != record.value("fingerprint", ""))
    verdict.discrepancies.push_back("its fingerprint does not follow from its settings and what it builds on");
  const auto& section = record.value("settings", ordered_json::object());
  if (config) {
    if (settings_sha256(settings_of_stage(to_json(*config), verdict.stage)) != settings)
      verdict.discrepancies.push_back("it was made with other settings than those given");
  } else if (holds_hidden_paths(section)) {
    verdict.notes.push_back("its settings hold paths, which are not recorded: give --config to check them");
  } else if (settings_sha256(section) != settings) {
    verdict.discrepancies.push_back("the settings recorded are not those it was made with");
  }
  if (stages.contains(before) && stages[before].value("state", "") == "done" &&
      stages[before].value("fingerprint", "") != builds_on)
    verdict.discrepancies.push_back("it builds on another result of " + before + " than is recorded");
}

void check_maker(const ordered_json& record, StageVerdict& verdict) {
  verdict.made_by = record.value("made_by", ordered_json::array());
  const ordered_json own = {{"version", kVersion}, {"commit", kCommit}, {"libtorch", kLibTorchVersion}};
  for (const ordered_json& maker : verdict.made_by) {
    const ordered_json theirs = maker.value("ctforge", ordered_json::object());
    if (theirs != own)
      verdict.notes.push_back("made by ctforge " + theirs.value("version", "?") + " (" + theirs.value("commit", "?") +
                              ", LibTorch " + theirs.value("libtorch", "?") + "), which is not this program");
  }
  if (verdict.made_by.size() > 1)
    verdict.notes.push_back("made in parts by " + std::to_string(verdict.made_by.size()) +
                            " different machines, programs or numbers of threads: the last bits may differ from one's");
}

std::string maker_text(const ordered_json& made_by) {
  if (made_by.empty()) return "";
  const ordered_json& maker = made_by.back();
  const auto machine = maker.value("machine", ordered_json::object());
  return "; ctforge " + maker.value("ctforge", ordered_json::object()).value("version", "?") + ", " +
         maker.value("device", "?") + ", " + std::to_string(maker.value("threads", 0)) + " threads, " +
         machine.value("processor", "") + " (" + machine.value("libtorch_uses", "") + ")";
}

std::vector<StageVerdict> verify_one(const fs::path& run, const std::optional<Config>& config) {
  const Manifest manifest(run);
  const ordered_json stages = manifest.json().value("stages", ordered_json::object());
  if (stages.empty())
    throw io::DataError(io::Fault::Unreadable, "there is no run in this folder: no stage is recorded");
  std::vector<StageVerdict> verdicts;
  std::string before;
  for (const Stage& stage : all_stages()) {
    const std::string previous = std::exchange(before, stage.name);
    if (!stages.contains(stage.name)) continue;
    const ordered_json& record = stages[stage.name];
    StageVerdict verdict;
    verdict.stage = stage.name;
    verdict.state = record.value("state", "");
    check_maker(record, verdict);
    if (verdict.state == "done") {
      check_outputs(run, record, verdict);
      check_fingerprint(stages, previous, record, config, verdict);
    } else {
      verdict.notes.push_back("it is not finished");
    }
    check_chain(run, manifest.json(), config, verdict);
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

// Folders of fractions that hold a run, by name.
std::set<fs::path> fractions_in(const fs::path& run) {
  std::set<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(run / "fractions", error), end; !error && entry != end; entry.increment(error))
    if (fs::exists(entry->path() / "manifest.json")) folders.insert(entry->path());
  return folders;
}

}  // namespace

std::vector<StageVerdict> verify(const fs::path& run, const std::optional<Config>& config) {
  std::vector<StageVerdict> verdicts = verify_one(run, config);
  for (const fs::path& folder : fractions_in(run)) {
    const std::string name = folder.filename();
    std::optional<Config> own;
    if (config)
      for (const double fraction : fractions_to_make(*config))
        if (number_name(fraction) == name) own = fraction_config(*config, fraction);
    if (config && !own) continue;  // of other settings than those given
    for (StageVerdict& verdict : verify_one(folder, own)) {
      verdict.stage = "fraction " + name + ": " + verdict.stage;
      verdicts.push_back(std::move(verdict));
    }
  }
  return verdicts;
}

bool holds(const std::vector<StageVerdict>& verdicts) {
  return std::all_of(verdicts.begin(), verdicts.end(),
                     [](const StageVerdict& verdict) { return verdict.discrepancies.empty(); });
}

std::string verdict_text(const std::vector<StageVerdict>& verdicts) {
  std::string text;
  for (const StageVerdict& verdict : verdicts) {
    const bool sound = verdict.discrepancies.empty();
    const std::string state = verdict.state != "done" ? verdict.state : sound ? "holds" : "does NOT hold";
    text += verdict.stage + ": " + state;
    if (verdict.state == "done") text += ", " + std::to_string(verdict.files) + " files as recorded";
    text += maker_text(verdict.made_by) + "\n";
    for (const std::string& line : verdict.discrepancies) text += "  " + verdict.stage + ": " + line + "\n";
    for (const std::string& line : verdict.notes) text += "  note: " + line + "\n";
  }
  return text;
}

ordered_json verdict_json(const std::vector<StageVerdict>& verdicts) {
  ordered_json json = {{"schema", kVerifySchema}, {"holds", holds(verdicts)}, {"stages", ordered_json::object()}};
  for (const StageVerdict& verdict : verdicts)
    json["stages"][verdict.stage] = {{"state", verdict.state},
                                     {"files", verdict.files},
                                     {"discrepancies", verdict.discrepancies},
                                     {"notes", verdict.notes},
                                     {"made_by", verdict.made_by}};
  return json;
}

}  // namespace ctforge::pipeline
