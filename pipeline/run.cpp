// The order of the stages, what each builds on, and the record of what was done.
#include "pipeline/run.h"

#include "io/atomic_file.h"
#include "io/fault.h"
#include "io/random.h"
#include "models/train/checkpoint.h"
#include "pipeline/determinism.h"
#include "pipeline/folder_lock.h"
#include "pipeline/log.h"
#include "pipeline/manifest.h"
#include "pipeline/progress.h"
#include "pipeline/sampler.h"
#include "pipeline/stage.h"
#include "pipeline/train_autoencoder.h"
#include "pipeline/train_check.h"
#include "pipeline/train_method.h"
#include "pipeline/train_metrics.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <thread>

#include <tbb/global_control.h>
#include <torch/cuda.h>
#include <torch/utils.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

// Lock-free, so that a signal handler may set it.
std::atomic<bool> stop_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// Peak resident memory since the last reset_peak_memory(), from the kernel's own account.
std::int64_t peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (std::int64_t kilobytes = 0; word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  return 0;
}

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

Context make_context(const Config& config, const fs::path& out, const std::string& device) {
  Context context;
  context.out = out;
  context.seed = static_cast<std::uint64_t>(config.run.seed);
  context.threads = static_cast<int>(config.run.threads);
  if (context.threads == 0) context.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  context.device = device;
  context.save_every_s = config.run.save_every_s;
  context.interrupted = [] { return stop_flag.load(); };
  return context;
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

// Temporary files of a process that was killed. Only the holder of the folder's lock may remove them.
void remove_all_leftovers(const fs::path& out) {
  io::remove_leftovers(out);
  for (const auto& entry : fs::recursive_directory_iterator(out))
    if (entry.is_directory()) io::remove_leftovers(entry.path());
}

// Series that the prepare stage left out, where it is among the stages asked for.
std::int64_t refused_series(const Manifest& manifest, const std::vector<std::string>& stages) {
  if (std::find(stages.begin(), stages.end(), "prepare") == stages.end()) return 0;
  std::int64_t refused = 0;
  for (const auto& [code, count] : manifest.json().at("stages").at("prepare").at("summary").at("refused").items())
    refused += count.get<std::int64_t>();
  return refused;
}

void run_stage(const Stage& stage, const Config& config, Context context, Manifest& manifest) {
  const StageIdentity identity = identity_of(config, stage.name);
  const std::string& print = identity.fingerprint;
  if (manifest.done(stage.name, print)) {
    log_info(stage.name + ": already done");
    // Not done again unasked: a training of weeks may be under way on what was prepared.
    const auto& summary = manifest.json().at("stages").at(stage.name).at("summary");
    if (stage.outdated && stage.outdated(config, context.out, summary))
      log_warning(stage.name +
                  ": what it was made of has changed since it was done (files have come, gone or changed); its "
                  "result is kept. Give another --out to begin with what is there now");
    return;
  }
  check_needs(stage, config, context.out);
  if (config.run.deterministic)
    require_same_maker(manifest.makers(stage.name, print), maker(context, true), stage.name);
  if (manifest.done_differently(stage.name, print))
    log_warning(stage.name +
                ": its configuration or what it builds on has changed since it was done; running it again");
  const double before_s = manifest.seconds_before(stage.name, print);
  bool later = false;
  for (const Stage& other : all_stages()) {
    if (later && manifest.forget(other.name))
      for (const std::string& result : other.results) fs::remove(context.out / result);
    later = later || other.name == stage.name;
  }
  manifest.begin(stage.name, print);
  reset_peak_memory();
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed_s = [&] {
    return before_s + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const auto progress = std::make_shared<Progress>(stage.name, is_terminal());
  context.progress = [progress](std::int64_t done, std::int64_t total, const std::string& text) {
    progress->update(done, total, text);
  };
  StageRecord record;
  try {
    record.summary = stage.run(config, context);
  } catch (const Interrupted&) {
    manifest.interrupt(stage.name, print, elapsed_s());
    throw;
  }
  record.fingerprint = print;
  record.builds_on = identity.builds_on;
  record.settings_sha256 = identity.settings_sha256;
  record.settings = to_json_without_paths(config).at(stage.name);
  record.seconds = elapsed_s();
  record.peak_memory_bytes = peak_memory_bytes();
  for (const std::string& output : stage.outputs)
    for (const std::string& file : files_below(context.out, output)) record.outputs.push_back(file);
  manifest.finish(stage.name, record);
  log_info(stage.name + ": done in " + readable_seconds(record.seconds) + ", peak memory " +
           readable_bytes(static_cast<double>(record.peak_memory_bytes)));
}

extern "C" void on_signal(int) { stop_flag.store(true); }

}  // namespace

std::string resolve_device(const std::string& device) {
  if (device == "cpu") return "cpu";
  const bool available = torch::cuda::is_available();
  if (device == "cuda" && !available)
    throw ConfigError(
        {{"run.device", "", "cuda was asked for, but no usable NVIDIA GPU or CUDA build of LibTorch is here"}});
  return available ? "cuda" : "cpu";
}

void check_stages(const Config& config, const std::vector<std::string>& stages) {
  const auto asked = [&stages](const char* name) {
    return std::find(stages.begin(), stages.end(), name) != stages.end();
  };
  std::vector<ConfigProblem> problems;
  if (asked("train")) gather_problems(problems, [&] { check_train(config.train); });
  if (asked("sample")) gather_problems(problems, [&] { check_sample(config.sample); });
  if (asked("evaluate")) gather_problems(problems, [&] { check_evaluate(config.evaluate); });
  const bool guided = config.sample.guidance != 1 || !config.sample.blend.empty();
  if (asked("train") && asked("sample") && guided && config.sample.guidance_from.empty() &&
      config.sample.weaker.empty() && config.train.label_dropout == 0)
    problems.push_back(
        {"configuration", "sample.guidance", "must be 1, without sample.blend, where train.label_dropout is 0"});
  if (asked("train") && asked("sample") && problems.empty()) {
    gather_problems(problems, [&] {
      check_sampler(config.sample, parametrisation_of(method_of(config.train), 1), config.train.codec == "autoencoder");
    });
  }
  if (asked("prepare") && asked("evaluate") && config.prepare.split.table.empty() &&
      config.prepare.split.test_patients == 0)
    problems.push_back(
        {"configuration", "prepare.split.test_patients", "must not be 0 where evaluate needs held-out patients"});
  if (!problems.empty()) throw ConfigError(problems);
}

void work_in(const Config& config, const fs::path& out, const std::function<void(const Context& context)>& work) {
  const std::string device = resolve_device(config.run.device);
  std::error_code error;
  fs::create_directories(out, error);
  const FolderLock lock(out);
  remove_all_leftovers(out);
  const Context context = make_context(config, out, device);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(context.threads));
  torch::set_num_threads(context.threads);
  const Determinism determinism(config.run.deterministic);
  work(context);
}

std::int64_t run_stages(const Config& config, const std::vector<std::string>& stages, const fs::path& out) {
  check_stages(config, stages);
  std::int64_t refused = 0;
  work_in(config, out, [&](const Context& context) {
    Manifest manifest(out);
    manifest.describe_run(to_json_without_paths(config), config.run.seed, maker(context, config.run.deterministic));
    for (const std::string& name : stages) {
      if (stop_requested()) throw Interrupted{name};
      run_stage(stage_named(name), config, context, manifest);
    }
    refused = refused_series(manifest, stages);
  });
  return refused;
}

namespace {

void link_or_copy(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  std::error_code error;
  const bool log = to.extension() == ".jsonl";  // written to in place: each run has its own
  if (!log) fs::create_hard_link(from, to, error);
  if (error || log) fs::copy_file(from, to, fs::copy_options::overwrite_existing);
}

bool same_content(const fs::path& a, const fs::path& b) {
  return fs::exists(a) && fs::exists(b) && io::read_whole_file(a) == io::read_whole_file(b);
}

}  // namespace

void adopt_stages(const Config& config, const std::vector<std::string>& stages, const fs::path& other,
                  const fs::path& out) {
  fs::create_directories(out);
  const FolderLock lock(out);
  const Manifest theirs(other);
  Manifest ours(out);
  for (const std::string& name : stages) {
    const std::string print = fingerprint(config, name);
    if (!theirs.done(name, print)) return;  // what follows builds on it
    if (ours.done(name, print)) continue;
    for (const std::string& output : stage_named(name).outputs) fs::remove_all(out / output);
    for (const auto& [file, record] : theirs.json().at("stages").at(name).at("outputs").items())
      link_or_copy(other / file, out / file);
    ours.adopt(name, theirs);
  }
}

void adopt_autoencoder(const Config& config, const Config& theirs, const fs::path& other, const fs::path& out) {
  if (!trains_same_autoencoder(config.train, theirs.train)) return;
  fs::create_directories(out);
  const FolderLock lock(out);
  const bool finished = Manifest(other).done("train", fingerprint(theirs, "train"));
  const bool same_data = config.run.seed == theirs.run.seed &&
                         same_content(other / "data" / "prepare.json", out / "data" / "prepare.json");
  if (!finished || !same_data || fs::exists(out / "checkpoints")) return;
  for (const auto& file : train::CheckpointStore(other / "checkpoints", "autoencoder").files())
    link_or_copy(file, out / "checkpoints" / file.filename());
  MetricsLog(out / "metrics.jsonl").take(other / "metrics.jsonl", "autoencoder");
}

void adopt_features(const fs::path& other, const fs::path& out) {
  const fs::path theirs = other / "evaluation" / "cells", ours = out / "evaluation" / "cells";
  if (!fs::is_directory(theirs)) return;
  const FolderLock lock(out);
  for (const auto& entry : fs::directory_iterator(theirs)) {
    const fs::path file = ours / entry.path().filename();
    if (file.filename().string().starts_with("features-") && !fs::exists(file)) link_or_copy(entry.path(), file);
  }
}

void catch_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) ::sigaction(signal, &action, nullptr);
  // A file beyond ulimit -f is then an error of the write, which is told and cleaned up after, instead of our death.
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &action, nullptr);
}

bool stop_requested() { return stop_flag.load(); }

}  // namespace ctforge::pipeline
