// The order of the stages, what each builds on, and the record of what was done.
#include "pipeline/run/run.h"

#include "io/file/atomic_file.h"
#include "models/train/parallel.h"
#include "pipeline/config/command_line.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/observe/log.h"
#include "pipeline/observe/observer.h"
#include "pipeline/observe/progress.h"
#include "pipeline/run/determinism.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/run/manifest.h"
#include "pipeline/run/memory.h"
#include "pipeline/run/run_fractions.h"
#include "pipeline/run/run_part.h"
#include "pipeline/run/run_shared.h"
#include "pipeline/run/stage.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
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

Context make_context(const Config& config, const fs::path& out, const std::string& device, const Together& together) {
  Context context;
  context.out = out;
  context.seed = static_cast<std::uint64_t>(config.run.seed);
  context.threads = threads_of(static_cast<int>(config.run.threads), together.ranks,
                               static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
  context.device = device;
  context.group = together.group;
  context.leads = together.group == nullptr || together.group->leads();
  context.save_every_s = config.run.save_every_s;
  context.interrupted = [] { return stop_flag.load(); };
  return context;
}

// Temporary files of a process that was killed. Only the holder of the folder's lock may remove them, and not those of
// fractions/ and jobs/, which have locks and owners of their own.
void remove_all_leftovers(const fs::path& out) {
  io::remove_leftovers(out);
  for (auto entry = fs::recursive_directory_iterator(out); entry != fs::recursive_directory_iterator(); ++entry) {
    if (!entry->is_directory()) continue;
    if (entry->path() == out / "fractions" || entry->path() == out / "jobs")
      entry.disable_recursion_pending();
    else
      io::remove_leftovers(entry->path());
  }
}

// Series that the prepare stage left out, where it is among the stages asked for.
std::int64_t refused_series(const Manifest& manifest, const std::vector<std::string>& stages) {
  if (std::find(stages.begin(), stages.end(), "prepare") == stages.end()) return 0;
  std::int64_t refused = 0;
  for (const auto& [code, count] : manifest.json().at("stages").at("prepare").at("summary").at("refused").items())
    refused += count.get<std::int64_t>();
  return refused;
}

void tell_finished(const std::string& stage, const StageRecord& record, const Context& context) {
  nlohmann::ordered_json figures{
      {"stage", stage}, {"seconds", record.seconds}, {"peak_memory_bytes", record.peak_memory_bytes}};
  if (record.summary.contains("refused")) figures["refused"] = record.summary["refused"];
  context.tell("stage_finished", figures);
}

void run_stage(const Stage& stage, const Config& config, Context context, Manifest& manifest) {
  const auto vote = [&context](bool done) { return context.group != nullptr ? context.group->any(done) : done; };
  const StageIdentity identity = identity_of(config, stage.name);
  const std::string& print = identity.fingerprint;
  if (vote(manifest.done(stage.name, print))) {
    log_info(stage.name + ": already done");
    context.tell("stage_kept", {{"stage", stage.name}});
    // Not done again unasked: a training of weeks may be under way on what was prepared.
    const auto& summary = manifest.json().at("stages").at(stage.name).at("summary");
    if (stage.outdated && stage.outdated(config, context.out, summary))
      log_warning(stage.name +
                  ": what it was made of has changed since it was done (files have come, gone or changed); its "
                  "result is kept. Give another --out to begin with what is there now");
    return;
  }
  check_needs(stage, config, context.out);
  const auto others = part_makers(context.out, stage.name, print);
  if (config.run.deterministic) {
    require_same_maker(manifest.makers(stage.name, print), maker(context, true), stage.name);
    require_same_maker(others, maker(context, true), stage.name);
  }
  if (manifest.begun_differently(stage.name, print))
    log_warning(stage.name +
                ": its configuration or what it builds on has changed since it was done; running it again");
  const double before_s = manifest.seconds_before(stage.name, print);
  bool later = false;
  for (const Stage& other : all_stages()) {
    if (later && manifest.forget(other.name))
      for (const std::string& result : other.results) fs::remove(context.out / result);
    later = later || other.name == stage.name;
  }
  manifest.begin(stage.name, print, others);
  reset_peak_memory(context.device);
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed_s = [&] {
    return before_s + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  context.progress = shown_progress(stage.name, context.progress);
  context.tell("stage_started", {{"stage", stage.name}, {"seconds_before", before_s}});
  StageRecord record;
  try {
    record.summary = run_shared(stage, config, context);
  } catch (const Interrupted&) {
    context.tell("stage_interrupted", {{"stage", stage.name}, {"seconds", elapsed_s()}});
    manifest.interrupt(stage.name, print, elapsed_s() - before_s);
    throw;
  } catch (...) {
    context.tell("stage_failed", {{"stage", stage.name}, {"seconds", elapsed_s()}, {"reason", failure_reason()}});
    throw;
  }
  record.fingerprint = print;
  record.builds_on = identity.builds_on;
  record.settings_sha256 = identity.settings_sha256;
  record.settings = settings_of_stage(to_json_without_paths(config), stage.name);
  record.seconds = elapsed_s();
  record.peak_memory_bytes = memory_use(context.device).peak_bytes;
  for (const std::string& output : stage.outputs)
    for (const std::string& file : files_below(context.out, output)) record.outputs.push_back(file);
  manifest.finish(stage.name, record);
  forget_parts(context.out, stage.name);
  tell_finished(stage.name, record, context);
  log_info(stage.name + ": done in " + readable_seconds(record.seconds) + ", peak memory " +
           readable_bytes(static_cast<double>(record.peak_memory_bytes)));
}

// What a process that does not lead does of a stage.
void help_with_stage(const Stage& stage, const Config& config, const Context& context) {
  if (context.group->any(false)) return;  // it is done
  run_shared(stage, config, context);
}

extern "C" void on_signal(int) { stop_flag.store(true); }

}  // namespace

std::string resolve_device(const std::string& device, const Ranks& ranks) {
  if (device == "cpu") return "cpu";
  const bool available = torch::cuda::is_available();
  if (device == "cuda" && !available)
    throw ConfigError(
        {{"run.device", "", "cuda was asked for, but no usable NVIDIA GPU or CUDA build of LibTorch is here"}});
  if (!available) return "cpu";
  if (!ranks.several()) return "cuda";
  // One alone that a process sees is its own: whoever started it shared them out.
  const int count = static_cast<unsigned char>(torch::cuda::device_count());
  if (count > 1 && ranks.local_rank >= count)
    throw ConfigError({{"run.device", "",
                        "there are " + std::to_string(ranks.local_size) + " processes for the " +
                            std::to_string(count) + " GPUs of this machine"}});
  return "cuda:" + std::to_string(count > 1 ? ranks.local_rank : 0);
}

namespace {

void work(const Config& config, const fs::path& out, const std::string& device, const Together& together,
          const std::function<void(const Context& context)>& task) {
  const Context context = make_context(config, out, device, together);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(context.threads));
  torch::set_num_threads(context.threads);
  const Determinism determinism(config.run.deterministic);
  task(context);
}

}  // namespace

void work_beside(const Config& config, const fs::path& out, const std::function<void(const Context& context)>& task) {
  work(config, out, resolve_device(config.run.device), {}, task);
}

void work_in(const Config& config, const fs::path& out, const std::function<void(const Context& context)>& task,
             const Together& together) {
  const std::string device = resolve_device(config.run.device, together.ranks);
  std::error_code error;
  fs::create_directories(out, error);
  std::optional<FolderLock> lock;
  if (together.group == nullptr || together.group->leads()) {
    lock.emplace(out);
    remove_all_leftovers(out);
  }
  if (together.group != nullptr) together.group->barrier();
  work(config, out, device, together, task);
}

namespace {

ObserverOptions observer_options(const Config& config, const std::vector<std::string>& stages) {
  return {.name = config.run.name,
          .stages = stages,
          .prometheus = config.run.prometheus,
          .tensorboard = config.run.tensorboard,
          .level_hu = config.report.level_hu,
          .width_hu = config.report.width_hu};
}

// What was given is not what the run was made by, as where report is asked for without the run's configuration.
bool is_of_another_configuration(const Config& config, const fs::path& out) {
  const Manifest manifest(out);
  const auto& stages = all_stages();
  return std::any_of(stages.begin(), stages.end(), [&](const Stage& stage) {
    return stage.name != "report" && manifest.begun_differently(stage.name, fingerprint(config, stage.name));
  });
}

// The report without a record of it. It reads and writes whole files only, so that it may be made beside the owner of
// the folder, and it leaves the manifest, which tells how the run can be repeated, as it is. False where it is for the
// stage.
bool reported_beside(const Config& config, const fs::path& out) {
  const bool under_way = FolderLock::is_held(out);
  if (!under_way && !is_of_another_configuration(config, out)) return false;
  run_report(config.report, make_context(config, out, "cpu", {}), under_way);
  log_info(under_way ? "report: another ctforge is working in this folder; the report shows how far it is"
                     : "report: made of what is here, and not recorded: the settings given are not those that the run "
                       "was made with");
  return true;
}

}  // namespace

std::int64_t run_stages(const Config& config, const std::vector<std::string>& stages, const fs::path& out,
                        const Together& together) {
  check_stages(config, stages);
  if (stages == std::vector<std::string>{"report"} && reported_beside(config, out)) return 0;
  std::int64_t refused = 0;
  const auto lead = [&](const Context& given) {
    Manifest manifest(out);
    manifest.describe_run(to_json_without_paths(config), config.run.seed, maker(given, config.run.deterministic));
    Observer observer(observer_options(config, stages), given);
    const Context context = observer.watched(given);
    try {
      for (const std::string& name : stages) {
        if (stop_requested() && context.group == nullptr) throw Interrupted{name};
        if (name == "evaluate") make_fractions(config, out, together);
        run_stage(stage_named(name), config, context, manifest);
      }
      refused = refused_series(manifest, stages);
    } catch (...) {
      observer.end(failure_exit_code());
      throw;
    }
    observer.end(refused == 0 ? kDone : kData);
  };
  const auto help = [&](const Context& context) {
    for (const std::string& name : stages) {
      if (name == "evaluate") make_fractions(config, out, together);
      help_with_stage(stage_named(name), config, context);
    }
  };
  work_in(
      config, out, [&](const Context& context) { context.leads ? lead(context) : help(context); }, together);
  return refused;
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
