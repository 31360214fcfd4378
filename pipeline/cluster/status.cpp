// The states of all stages, and their table.
#include "pipeline/cluster/status.h"

#include "io/file/fault.h"
#include "pipeline/cluster/job_queue.h"
#include "pipeline/cluster/status_progress.h"
#include "pipeline/config/config.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/observe/progress.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/run/manifest.h"
#include "pipeline/run/stage.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <ostream>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr int kStatusSchema = 1;

// What is known of the run's configuration.
struct Known {
  std::optional<Config> submitted;  // where it is newer than what was run
  ordered_json settings;            // null: nothing
  std::vector<std::string> stages = RunConfig().stages;
};

bool newer(const fs::path& a, const fs::path& b) {
  std::error_code error_a, error_b;
  const auto time_a = fs::last_write_time(a, error_a), time_b = fs::last_write_time(b, error_b);
  return !error_a && (error_b || time_a >= time_b);
}

// Threads and device may be others for each job.
ordered_json of_stages(ordered_json settings) {
  if (settings.is_object() && settings.contains("run"))
    for (const char* key : {"threads", "device"}) settings["run"].erase(key);
  return settings;
}

Known known_of(const fs::path& out, const Manifest& manifest) {
  Known known;
  known.settings = manifest.json().value("configuration", ordered_json());
  const fs::path frozen = out / "jobs" / "config.yaml";
  try {
    const Config config = read_config({frozen}, {});
    if (newer(frozen, out / "manifest.json") || of_stages(to_json_without_paths(config)) == of_stages(known.settings)) {
      known.submitted = config;
      known.settings = to_json(config);
    }
  } catch (const ConfigError&) {
    // Nothing was submitted, or by another version.
  }
  if (known.settings.is_object()) known.stages = known.settings.at("run").at("stages").get<std::vector<std::string>>();
  return known;
}

// The worst exit code that the jobs of this name ended with last and that is no interruption.
std::optional<int> failure_of(const std::string& stage, const fs::path& out) {
  std::optional<int> failure;
  std::error_code error;
  for (fs::directory_iterator entry(out / "jobs" / "exit", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name != stage && !name.starts_with(stage + "-")) continue;
    int code = 0;
    std::ifstream(entry->path()) >> code;
    if (code != 0 && code != 75) failure = std::max(code, failure.value_or(0));
  }
  return failure;
}

// failure: of its jobs, where it had any.
ordered_json stage_status(const std::string& stage, const fs::path& out, const Known& known, bool first, bool locked,
                          const std::optional<int>& failure) {
  if (!first) return {{"state", "waiting"}};
  ordered_json status{{"state", locked                  ? "running"
                                : failure               ? "failed"
                                : has_begun(stage, out) ? "interrupted"
                                                        : "waiting"}};
  if (failure && !locked) status["exit_code"] = *failure;
  status.update(progress_of(stage, out, known.settings));
  return status;
}

// "prepare": {"state": "done", "seconds": 12}, or nothing where it is not.
std::optional<ordered_json> done_status(const std::string& stage, const Manifest& manifest, const Known& known) {
  const auto stages = manifest.json().value("stages", ordered_json::object());
  const auto record = stages.value(stage, ordered_json::object());
  if (record.value("state", "") != "done") return std::nullopt;
  if (known.submitted && !manifest.done(stage, fingerprint(*known.submitted, stage))) return std::nullopt;
  return ordered_json{{"state", "done"}, {"seconds", record.value("seconds", 0.0)}};
}

// The stages of the folder; jobs: what the names of their jobs in run/jobs begin with.
ordered_json stages_status(const fs::path& out, const Manifest& manifest, const Known& known, bool locked,
                           const fs::path& run, const std::string& jobs) {
  ordered_json stages = ordered_json::object();
  bool first = true;  // of those that are not done; what comes after it waits, whatever an earlier run left
  for (const std::string& stage : known.stages) {
    const auto done = first ? done_status(stage, manifest, known) : std::nullopt;
    stages[stage] = done ? *done : stage_status(stage, out, known, first, locked, failure_of(jobs + stage, run));
    first = first && done;
  }
  return stages;
}

// Of each fraction of the experiment, by its name; none where it is not known that there are any.
ordered_json fractions_status(const fs::path& out, const Known& known) {
  ordered_json fractions = ordered_json::object();
  const ordered_json::json_pointer place("/evaluate/downstream/fractions");
  if (!known.settings.is_object() || !known.settings.contains(place)) return fractions;
  for (const ordered_json& fraction : known.settings.at(place)) {
    if (!(fraction.get<double>() < 1)) continue;
    const std::string name = number_name(fraction.get<double>());
    const fs::path folder = fraction_folder(out, fraction.get<double>());
    const Manifest manifest(folder);
    Known own;
    if (known.submitted) own.submitted = fraction_config(*known.submitted, fraction.get<double>());
    own.settings = own.submitted ? to_json(*own.submitted) : manifest.json().value("configuration", known.settings);
    own.stages = fraction_stages(
        known.settings.value(ordered_json::json_pointer("/evaluate/downstream/arms"), DownstreamConfig{}.arms));
    fractions[name] = {
        {"stages", stages_status(folder, manifest, own, FolderLock::is_held(folder), out, "fraction-" + name + "-")}};
  }
  return fractions;
}

ordered_json jobs_status(const fs::path& out, bool ask) {
  const JobRecord record = read_job_record(out);
  std::map<std::string, std::string> states;
  if (ask)
    for (const auto& [id, state] : jobs_in_queue(record)) states[id] += (states[id].empty() ? "" : ", ") + state;
  ordered_json jobs = ordered_json::array();
  for (const QueuedJob& job : record.jobs) {
    jobs.push_back({{"name", job.name}, {"id", job.id}, {"parts", job.parts}});
    if (ask) jobs.back()["state"] = states.contains(job.id) ? states[job.id] : "not in the queue";
  }
  return jobs;
}

std::string three_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

// "diffusion 1200/5000 steps, loss 0.213, ..."
std::string told(const ordered_json& status) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (status.at("state") == "done") add("in " + readable_seconds(status.at("seconds").get<double>()));
  if (status.contains("exit_code")) add("exit code " + status.at("exit_code").dump());
  if (status.contains("done")) {
    const ordered_json& total = status.at("total");
    add((status.contains("phase") ? status.at("phase").get<std::string>() + " " : "") + status.at("done").dump() +
        (total.is_null() ? "" : "/" + total.dump()) + " " + status.at("unit").get<std::string>());
  }
  if (status.contains("loss") && status.at("loss").is_number())
    add("loss " + three_digits(status.at("loss").get<double>()));
  if (status.contains("images_per_s")) add(three_digits(status.at("images_per_s").get<double>()) + " images/s");
  if (status.contains("seconds_left")) add(readable_seconds(status.at("seconds_left").get<double>()) + " left");
  if (status.contains("changed_s")) add("last sign " + readable_seconds(status.at("changed_s").get<double>()) + " ago");
  if (status.contains("checkpoint"))
    add("checkpoint of " + status.at("checkpoint").at("phase").get<std::string>() + " step " +
        status.at("checkpoint").at("step").dump() + ", " +
        readable_seconds(status.at("checkpoint").at("age_s").get<double>()) + " old");
  return text;
}

std::string in_column(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

}  // namespace

ordered_json status_of(const fs::path& out, const StatusOptions& options) {
  if (!fs::is_directory(out)) throw io::DataError(io::Fault::Unreadable, "the run's folder is not there");
  const Manifest manifest(out);
  const Known known = known_of(out, manifest);
  const bool locked = FolderLock::is_held(out);
  return {{"schema", kStatusSchema},
          {"running", locked},
          {"stages", stages_status(out, manifest, known, locked, out, "")},
          {"fractions", fractions_status(out, known)},
          {"jobs", jobs_status(out, options.jobs)}};
}

void show_status(const fs::path& out, const StatusOptions& options, std::ostream& text) {
  const ordered_json status = status_of(out, options);
  if (options.json) {
    text << status.dump(1) << '\n';
    return;
  }
  const auto show = [&text](const ordered_json& stages) {
    for (const auto& [stage, entry] : stages.items())
      text << in_column(stage, 10) << in_column(entry.at("state").get<std::string>(), 13) << told(entry) << '\n';
  };
  show(status.at("stages"));
  for (const auto& [fraction, entry] : status.at("fractions").items()) {
    text << "fraction " << fraction << '\n';
    show(entry.at("stages"));
  }
  if (!options.jobs) return;
  for (const ordered_json& job : status.at("jobs"))
    text << "job " << job.at("id").get<std::string>() << " " << job.at("name").get<std::string>() << ": "
         << job.at("state").get<std::string>() << '\n';
}

}  // namespace ctforge::pipeline
