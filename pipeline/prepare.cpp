// The prepare stage: patients in parallel through load, resample and cut, then in order into the shards.
#include "pipeline/prepare.h"

#include "io/atomic_file.h"
#include "io/digest.h"
#include "io/fault.h"
#include "io/random.h"
#include "io/shard.h"
#include "pipeline/input_listing.h"
#include "pipeline/learned_scans.h"
#include "pipeline/log.h"
#include "pipeline/patient_key.h"
#include "pipeline/phantom.h"
#include "pipeline/prepare_plan.h"
#include "pipeline/prepare_report.h"
#include "pipeline/prepare_scans.h"
#include "pipeline/prepare_series.h"
#include "pipeline/structure_names.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

namespace ctforge::pipeline {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSplitStream = 0x5350'4c49'54;  // the stage's own stream of the run's seed

void write_json(const fs::path& path, const nlohmann::ordered_json& json) {
  io::write_atomically(path, json.dump(1) + "\n");
}

// Removes what a finished, failed or interrupted attempt left: first the file that says the data are whole.
void remove_results(const fs::path& folder) {
  fs::remove(folder / "prepare.json");
  fs::remove(folder / "scans.json");
  std::vector<fs::path> shards;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool ours = std::any_of(std::begin(io::kSplits), std::end(io::kSplits),
                                  [&](io::Split split) { return name.starts_with(io::split_name(split) + "-"); });
    if (ours && name.ends_with(".safetensors")) shards.push_back(entry.path());
  }
  for (const fs::path& shard : shards) fs::remove(shard);
  io::remove_leftovers(folder);
}

// The phantom cohort's own names, where none are asked for.
PrepareConfig with_cohort_patterns(PrepareConfig config) {
  const PrepareConfig defaults;
  const bool own = config.masks.empty() && config.structures.empty();
  if (!config.input.empty() || config.images != defaults.images || !own) return config;
  config.images = kCohortImages;
  config.masks = kCohortMasks;
  return config;
}

// Patients that are scored are cut so that no voxel counts twice, and where no organ is, too.
PrepareConfig for_scoring(PrepareConfig config) {
  config.patch.stride_x = config.patch.stride_y = 0;
  config.patch.require_label = false;
  return config;
}

// Runs an action in a thread of its own, or when its result is asked for where the system grants no more threads.
template <class Action>
std::future<std::string> beside(const Action& action) {
  try {
    return std::async(std::launch::async, action);
  } catch (const std::system_error&) {
    return std::async(std::launch::deferred, action);
  }
}

// One patient on the way through the pipeline.
struct PatientResult {
  const PatientTask* task = nullptr;
  std::vector<SeriesPatches> series;                 // as in task->series
  std::vector<std::optional<io::Finding>> refusals;  // likewise
  std::vector<std::string> contents;                 // likewise; keyed hashes
};

class PrepareRun {
 public:
  PrepareRun(const PrepareConfig& config, const Context& context, const SeriesReader& reader, std::string key,
             std::string listing, fs::path folder, io::Inventory& inventory, PreparePlan plan)
      : config_(config),
        scoring_config_(for_scoring(config)),
        context_(context),
        reader_(reader),
        key_(std::move(key)),
        listing_(std::move(listing)),
        folder_(std::move(folder)),
        inventory_(inventory),
        plan_(std::move(plan)),
        fates_(inventory.series.size()) {
    for (SplitCount& count : counts_) count.classes.resize(plan_.shard.classes.size());
    for (const PatientTask& task : plan_.tasks) total_ += static_cast<std::int64_t>(task.series.size());
  }

  nlohmann::ordered_json run() {
    const std::int64_t unlabelled = series_without_labels(config_, inventory_);
    tbb::task_arena arena(std::max(1, context_.threads));
    arena.execute([&] { flow(); });
    if (stopped_) throw Interrupted{"prepare"};
    finish_split();
    write_json(folder_ / "inventory.json", inventory_json(inventory_, fates_));
    if (counts_[0].patches == 0)
      throw io::DataError(io::Fault::NothingUsable, "no patch to train on was kept from " + std::to_string(total_) +
                                                        " series (" + std::to_string(refused_) + " refused)");
    const bool held_out = std::any_of(plan_.tasks.begin(), plan_.tasks.end(),
                                      [](const PatientTask& task) { return task.split == io::Split::Test; });
    if (held_out && counts_[static_cast<std::size_t>(io::Split::Test)].patches == 0)
      throw io::DataError(io::Fault::NothingUsable, "no patch of the patients held out for testing was kept");
    auto json = prepare_json(plan_, inventory_, fates_, {std::begin(counts_), std::end(counts_)}, shards_);
    json["series_without_label_map"] = unlabelled;
    json["listing_hmac_sha256"] = listing_;
    write_scans(folder_, {std::begin(scan_sets_), std::end(scan_sets_)});
    write_json(folder_ / "prepare.json", json);
    return json;
  }

 private:
  bool stop() {
    if (!stopped_ && context_.interrupted()) stopped_ = true;
    return stopped_;
  }

  void flow() {
    std::size_t next = 0;
    using Token = std::shared_ptr<PatientResult>;
    const auto give = [&](tbb::flow_control& control) -> std::size_t {
      if (next == plan_.tasks.size() || stop()) {
        control.stop();
        return 0;
      }
      return next++;
    };
    const auto work = [&](std::size_t task) { return cut_patient(plan_.tasks[task]); };
    const auto write = [&](const Token& token) {
      if (!stop()) write_patient(*token);
    };
    tbb::parallel_pipeline(static_cast<std::size_t>(config_.volumes_in_memory),
                           tbb::make_filter<void, std::size_t>(tbb::filter_mode::serial_in_order, give) &
                               tbb::make_filter<std::size_t, Token>(tbb::filter_mode::parallel, work) &
                               tbb::make_filter<Token, void>(tbb::filter_mode::serial_in_order, write));
  }

  std::shared_ptr<PatientResult> cut_patient(const PatientTask& task) {
    auto result = std::make_shared<PatientResult>();
    result->task = &task;
    const PrepareConfig& config = task.split == io::Split::Train ? config_ : scoring_config_;
    for (const std::size_t index : task.series) {
      SeriesPatches patches;
      std::optional<io::Finding> refusal;
      std::string content;
      try {
        const io::Series& series = inventory_.series[index];
        if (!stop()) {
          auto digest = beside([&] { return reader_.content_sha256(series); });  // the decoder reads the same files
          patches = cut_series(series, reader_, config, plan_, [this] { return stop(); });
          content = io::hmac_sha256_hex(key_, digest.get());
        }
      } catch (const io::DataError& error) {
        refusal = io::Finding{error.fault(), error.what()};
        patches = {};
      }
      result->series.push_back(std::move(patches));
      result->refusals.push_back(std::move(refusal));
      result->contents.push_back(std::move(content));
    }
    return result;
  }

  void write_patient(PatientResult& result) {
    const PatientTask& task = *result.task;
    SplitCount& count = counts_[static_cast<std::size_t>(task.split)];
    open_split(task.split);
    const std::int64_t before = count.patches;
    judge_scans(result);
    for (std::size_t i = 0; i < task.series.size(); ++i) {
      context_.progress(++done_, total_, "series");
      if (result.refusals[i]) {
        // Only this filter, which is serial, changes the inventory while the pipeline runs.
        inventory_.series[task.series[i]].refusals.push_back(*result.refusals[i]);
        ++refused_;
        continue;
      }
      SeriesPatches& series = result.series[i];
      writer_->set_contoured(inventory_.series[task.series[i]].id, series.contoured);
      for (io::Patch& patch : series.patches) {
        ++count.classes[static_cast<std::size_t>(patch.class_index)];
        writer_->add(std::move(patch));
      }
      const auto kept = static_cast<std::int64_t>(series.patches.size());
      fates_[task.series[i]] = {true,
                                task.split,
                                kept,
                                series.dropped_empty,
                                series.dropped_unlabelled,
                                series.dropped_unclassed,
                                result.contents[i]};
      if (kept > 0) scan_sets_[static_cast<std::size_t>(task.split)].insert(series.scan_sha256);
      count.patches += kept;
      count.series += kept > 0 ? 1 : 0;
    }
    count.patients += count.patches > before ? 1 : 0;
  }

  // Refuses a patient who is another one too, and empties what is a copy within the patient.
  void judge_scans(PatientResult& result) {
    const PatientTask& task = *result.task;
    std::vector<Scan> scans;
    for (std::size_t i = 0; i < task.series.size(); ++i) {
      const io::Series& series = inventory_.series[task.series[i]];
      scans.push_back({result.series[i].scan_sha256, series.labelled()});
    }
    const auto verdicts = scans_.judge(task.patient, scans);
    for (std::size_t i = 0; i < scans.size(); ++i) {
      if (result.refusals[i] || verdicts[i] == ScanRegister::Verdict::Fresh) continue;
      if (verdicts[i] == ScanRegister::Verdict::SamePerson) {
        result.refusals[i] = {io::Fault::DuplicateScan, "this patient and another one share a scan: one person"};
      } else {
        inventory_.series[task.series[i]].notes.push_back("a copy of another series of the patient, which is taken");
        result.series[i] = {};
      }
    }
  }

  // Tasks come split by split, so one shard is being filled at a time.
  void open_split(io::Split split) {
    if (writer_ && split == split_) return;
    finish_split();
    const std::int64_t patch_bytes = plan_.shard.width * plan_.shard.height * 3;  // int16 and uint8
    writer_.emplace(folder_, io::split_name(split), plan_.shard,
                    std::max<std::int64_t>(1, config_.shard_mb * (1 << 20) / patch_bytes));
    split_ = split;
  }

  void finish_split() {
    if (!writer_) return;
    const auto files = writer_->finish();
    shards_.insert(shards_.end(), files.begin(), files.end());
    writer_.reset();
  }

  const PrepareConfig& config_;
  const PrepareConfig scoring_config_;
  const Context& context_;
  const SeriesReader& reader_;
  std::string key_, listing_;
  fs::path folder_;
  io::Inventory& inventory_;
  PreparePlan plan_;
  std::vector<SeriesFate> fates_;
  ScanRegister scans_;
  SplitCount counts_[std::size(io::kSplits)];
  ScanSet scan_sets_[std::size(io::kSplits)];
  std::vector<fs::path> shards_;
  std::optional<io::ShardWriter> writer_;
  io::Split split_ = io::Split::Train;
  std::int64_t done_ = 0, total_ = 0, refused_ = 0;
  std::atomic<bool> stopped_ = false;
};

void log_table(const io::Inventory& inventory) {
  for (const std::string& line : refusal_table(inventory)) log_info("prepare: " + line);
}

}  // namespace

nlohmann::ordered_json run_prepare(const PrepareConfig& given, const Context& context, const SeriesReader& reader) {
  const PrepareConfig config = with_cohort_patterns(given);
  io::StructureMap structures;
  if (!config.structures.empty()) {
    plan_labels(config, {});  // what contradicts it is told before any work
    structures = read_structure_names(config.structures, config.labels).map;
  }
  const fs::path folder = context.out / "data";
  fs::create_directories(folder);
  remove_results(folder);
  const fs::path input = input_of(config, context.out);
  // Before anything is read, so that what comes meanwhile is seen next time.
  const std::string listing = listing_hmac_sha256(config, context.out);
  io::ScanOptions scan;
  scan.path = input;
  scan.image = config.images;
  scan.labels = config.masks;
  scan.structures = std::move(structures);
  scan.hash_key = patient_key(config.key_file, context.out);
  scan.spacing_tolerance = config.spacing_tolerance;
  scan.min_slices = config.min_slices;
  scan.allow_burned_in = config.allow_burned_in;
  io::Inventory inventory = reader.scan(scan);
  write_json(folder / "inventory.json", inventory_json(inventory, {}));
  try {
    const fs::path tables = fs::is_directory(input) ? input : input.parent_path();
    PreparePlan plan = make_plan(config, tables, inventory, io::mix_seed(context.seed, kSplitStream));
    auto json = PrepareRun(config, context, reader, scan.hash_key, listing, folder, inventory, std::move(plan)).run();
    log_table(inventory);
    return json;
  } catch (const Interrupted&) {
    remove_results(folder);
    throw;
  } catch (...) {
    remove_results(folder);
    log_table(inventory);
    throw;
  }
}

}  // namespace ctforge::pipeline
