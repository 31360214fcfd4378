// Events to files.
#include "pipeline/observe/observer.h"

#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "pipeline/config/command_line.h"
#include "pipeline/config/config_tree.h"

#include <set>

#include <version.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr double kStateInterval_s = 15;
constexpr std::size_t kDigits = 12;  // of a hash that stands for a name

std::string name_of(const ObserverOptions& options, const fs::path& out) {
  const std::string run =
      !options.name.empty() ? options.name : io::sha256_hex(fs::weakly_canonical(out).string()).substr(0, kDigits);
  return options.part.empty() ? run : run + "/" + options.part;
}

// DIR/NAME for DIR/NAME.progress.json and the like; of the run itself DIR/.
fs::path files_of(const fs::path& folder, const std::string& part) {
  return part.empty() ? folder / "" : folder / "parts" / (part + ".");
}

// Parts on one node must not write over each other's.
fs::path prometheus_of(const ObserverOptions& options) {
  if (options.prometheus.empty() || options.part.empty()) return options.prometheus;
  return options.prometheus.parent_path() /
         (options.prometheus.stem().string() + "-" + options.part + options.prometheus.extension().string());
}

// As events.jsonl has them.
ordered_json short_form(const std::string& event, const ordered_json& figures) {
  ordered_json json = figures;
  if (event != "segmenter_trained") return json;
  json.erase("curve");
  if (!figures.at("curve").empty()) json["last"] = figures["curve"].back();
  return json;
}

}  // namespace

Observer::Observer(const ObserverOptions& options, const Context& context)
    : options_(options),
      out_(context.out),
      files_(files_of(out_, options.part)),
      device_(context.device),
      events_(files_.string() + "events.jsonl"),
      state_(name_of(options, out_), options.stages),
      warnings_([this](const std::string& text) {
        tell("warning", {{"text", text}});
      }) {
  options_.prometheus = prometheus_of(options);
  if (options.tensorboard) tensorboard_.emplace(out_ / "tensorboard", out_ / "metrics.jsonl");
  if (tensorboard_) guarded(tensorboard_works_, "tensorboard", [&] { tensorboard_->rewrite_missing(); });
  write_state();
}

Context Observer::watched(Context context) {
  context.tell = [this](const std::string& event, const ordered_json& figures) { tell(event, figures); };
  context.progress = [this](std::int64_t done, std::int64_t total, const std::string& unit) {
    progress(done, total, unit);
  };
  return context;
}

void Observer::guarded(bool& works, const std::string& what, const std::function<void()>& write) {
  if (!works) return;
  std::string why;
  try {
    write();
    return;
  } catch (const std::system_error& error) {
    why = error.code().message();  // its text may name paths
  } catch (const std::exception& error) {
    why = error.what();
  }
  works = false;
  log_warning(what + " cannot be written and is given up: " + why);
}

void Observer::tell(const std::string& event, const ordered_json& figures) {
  const std::scoped_lock lock(mutex_);
  const double now_s = unix_seconds();
  state_.take(event, figures, now_s);
  stage_is_run_ = stage_is_run_ || event == "stage_started";
  if (stage_is_run_ && event != "measured" && event != "stage_kept") {
    ordered_json line = short_form(event, figures);
    if (event == "stage_started")
      line.update({{"run", name_of(options_, out_)}, {"version", kVersion}, {"device", device_}});
    guarded(events_work_, "events.jsonl", [&] { events_.add(event, line); });
  }
  if (tensorboard_) guarded(tensorboard_works_, "tensorboard", [&] { write_tensorboard(event, figures, now_s); });
  static const std::set<std::string> at_once = {"stage_started",     "stage_kept",   "stage_finished",
                                                "stage_interrupted", "stage_failed", "phase_started"};
  if (at_once.contains(event)) write_state();
}

void Observer::write_tensorboard(const std::string& event, const ordered_json& figures, double now_s) {
  if (event == "phase_started") tensorboard_->rewrite(figures.at("phase").get<std::string>());
  if (event == "measured") tensorboard_->add(figures);
  if (event == "segmenter_trained")
    tensorboard_->segmenter(figures.value("network", figures.value("arm", "")), figures.at("seed").get<std::int64_t>(),
                            figures.at("curve"), now_s);
  if (event != "stage_finished" || figures.at("stage") != "sample") return;
  const fs::path samples = out_ / "samples";
  const ordered_json record = ordered_json::parse(io::read_whole_file(samples / "samples.json"));
  tensorboard_->samples(io::ShardSet(samples, "synthetic"), record.value("checkpoint_step", std::int64_t{0}),
                        options_.level_hu, options_.width_hu, now_s);
}

void Observer::progress(std::int64_t done, std::int64_t total, const std::string& unit) {
  const std::scoped_lock lock(mutex_);
  const auto now = Clock::now();
  state_.progress(done, total, unit, std::chrono::duration<double>(now.time_since_epoch()).count());
  if (!state_written_ || std::chrono::duration<double>(now - *state_written_).count() >= kStateInterval_s)
    write_state();
}

void Observer::end(int exit_code) {
  const std::scoped_lock lock(mutex_);
  state_.end(exit_code);
  write_state();
  // Nobody would ever take it away: the job that makes the result of all parts may run on another node.
  if (std::error_code ignored; !options_.part.empty() && !options_.prometheus.empty())
    fs::remove(options_.prometheus, ignored);
}

void Observer::write_state() {
  state_written_ = Clock::now();
  // A report takes a moment, and its page tells of the stage before it.
  if (stage_is_run_ && state_.stage() != "report")
    guarded(progress_works_, "progress.json", [&] {
      io::write_atomically(files_.string() + "progress.json", state_.json(unix_seconds()).dump(1) + "\n");
    });
  if (!options_.prometheus.empty())
    guarded(prometheus_works_, "the Prometheus file",
            [&] { write_prometheus(options_.prometheus, state_.prometheus(memory_use(device_))); });
}

std::string failure_reason() {
  try {
    throw;
  } catch (const io::DataError& error) {
    return std::string(io::fault_code(error.fault()));
  } catch (const ConfigError&) {
    return "configuration";
  } catch (...) {
    return "internal";
  }
}

int failure_exit_code() {
  try {
    throw;
  } catch (const Interrupted&) {
    return kInterrupted;
  } catch (const ConfigError&) {
    return kUsage;
  } catch (const io::DataError&) {
    return kData;
  } catch (...) {
    return kOurFault;
  }
}

}  // namespace ctforge::pipeline
