// A part's lock, record and observer.
#include "pipeline/run/run_part.h"

#include "io/file/atomic_file.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/observe/log.h"
#include "pipeline/observe/observer.h"
#include "pipeline/observe/progress.h"
#include "pipeline/run/determinism.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/run/json_file.h"
#include "pipeline/run/manifest.h"
#include "pipeline/run/memory.h"
#include "pipeline/run/run.h"
#include "pipeline/run/stage.h"

#include <algorithm>
#include <chrono>
#include <system_error>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

fs::path folder_of(const fs::path& out) { return out / "parts"; }

std::string name_of(const std::string& stage, const Part& part) {
  return stage + "-" + std::to_string(part.index + 1) + "-of-" + std::to_string(part.count);
}

void add_once(ordered_json& makers, const ordered_json& maker) {
  if (std::find(makers.begin(), makers.end(), maker) == makers.end()) makers.push_back(maker);
}

void record_maker(const fs::path& file, const std::string& fingerprint, const ordered_json& maker) {
  const ordered_json before = read_object(file);
  ordered_json makers = ordered_json::array();
  if (before.value("fingerprint", "") == fingerprint) makers = before.value("made_by", makers);
  add_once(makers, maker);
  io::write_atomically(file, ordered_json{{"fingerprint", fingerprint}, {"made_by", makers}}.dump(1) + "\n");
}

ObserverOptions observer_options(const Config& config, const std::string& stage, const std::string& name) {
  ObserverOptions options;
  options.name = config.run.name;
  options.stages = {stage};
  options.prometheus = config.run.prometheus;
  options.part = name;
  options.tensorboard = false;
  return options;
}

void work_on(const Stage& stage, const Config& config, const std::string& name, const Context& given) {
  Observer observer(observer_options(config, stage.name, name), given);
  Context context = observer.watched(given);
  context.progress = shown_progress(stage.name, context.progress);
  const auto start = std::chrono::steady_clock::now();
  const auto figures = [&] {
    return ordered_json{{"stage", stage.name},
                        {"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()}};
  };
  context.tell("stage_started", {{"stage", stage.name}, {"seconds_before", 0}});
  try {
    stage.run(config, context);
  } catch (const Interrupted&) {
    context.tell("stage_interrupted", figures());
    observer.end(failure_exit_code());
    throw;
  } catch (...) {
    ordered_json failed = figures();
    failed["reason"] = failure_reason();
    context.tell("stage_failed", failed);
    observer.end(failure_exit_code());
    throw;
  }
  ordered_json finished = figures();
  finished["peak_memory_bytes"] = memory_use(context.device).peak_bytes;
  context.tell("stage_finished", finished);
  observer.end(0);
}

}  // namespace

void run_part(const Config& config, const std::string& stage_name, const fs::path& out, const Part& part) {
  check_stages(config, {stage_name});
  const Stage& stage = stage_named(stage_name);
  const std::string name = name_of(stage_name, part), print = fingerprint(config, stage_name);
  std::error_code error;
  fs::create_directories(folder_of(out), error);
  const FolderLock shared(out, FolderLock::Mode::Shared);
  // A second attempt at it may have been started while the first still works on a node that was lost sight of.
  const FolderLock own(folder_of(out), FolderLock::Mode::Alone, ".ctforge." + name + ".lock");
  const Manifest manifest(out);
  if (manifest.done(stage_name, print)) {
    log_info(stage_name + ": already done");
    return;
  }
  check_needs(stage, config, out);
  if (stage_name == "evaluate") require_fractions(config, out);
  work_beside(config, out, [&](Context context) {
    context.part = part;
    const ordered_json by = maker(context, config.run.deterministic);
    if (config.run.deterministic) {
      require_same_maker(manifest.makers(stage_name, print), by, stage_name);
      require_same_maker(part_makers(out, stage_name, print), by, stage_name);
    }
    record_maker(folder_of(out) / (name + ".json"), print, by);
    work_on(stage, config, name, context);
  });
  log_info(stage_name + ": part " + std::to_string(part.index + 1) + " of " + std::to_string(part.count) +
           " is done; the results follow when ctforge " + stage_name + " runs without --part");
}

ordered_json part_makers(const fs::path& out, const std::string& stage, const std::string& fingerprint) {
  ordered_json makers = ordered_json::array();
  if (!fs::exists(folder_of(out))) return makers;
  for (const auto& entry : fs::directory_iterator(folder_of(out))) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(stage + "-") || !name.ends_with(".json") || name.ends_with(".progress.json")) continue;
    const ordered_json record = read_object(entry.path());
    if (record.value("fingerprint", "") != fingerprint) continue;
    for (const ordered_json& maker : record.value("made_by", ordered_json::array())) add_once(makers, maker);
  }
  std::sort(makers.begin(), makers.end());
  return makers;
}

void forget_parts(const fs::path& out, const std::string& stage) {
  if (!fs::exists(folder_of(out))) return;
  for (const auto& entry : fs::directory_iterator(folder_of(out))) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(stage + "-") || name.starts_with(".ctforge." + stage + "-")) fs::remove(entry.path());
  }
  if (fs::is_empty(folder_of(out))) fs::remove(folder_of(out));
}

}  // namespace ctforge::pipeline
