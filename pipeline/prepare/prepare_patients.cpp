// The pipeline of patients, its counts, and what of it is saved.
#include "pipeline/prepare/prepare_patients.h"

#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "pipeline/observe/log.h"
#include "pipeline/prepare/prepare_identity.h"
#include "pipeline/prepare/prepare_merge.h"
#include "pipeline/prepare/prepare_progress.h"
#include "pipeline/prepare/prepare_report.h"
#include "pipeline/prepare/prepare_series.h"
#include "pipeline/prepare/prepare_tally.h"
#include "pipeline/train/learned_scans.h"
#include "pipeline/train/save_timer.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

namespace ctforge::pipeline {

namespace {

namespace fs = std::filesystem;

void write_json(const fs::path& path, const nlohmann::ordered_json& json) {
  io::write_atomically(path, json.dump(1) + "\n");
}

void remove_shards(const fs::path& folder, const std::set<fs::path>& kept) {
  std::vector<fs::path> shards;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool ours = std::any_of(std::begin(io::kSplits), std::end(io::kSplits),
                                  [&](io::Split split) { return name.starts_with(io::split_name(split) + "-"); });
    if (ours && name.ends_with(".safetensors") && !kept.contains(entry.path())) shards.push_back(entry.path());
  }
  for (const fs::path& shard : shards) fs::remove(shard);
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
  CutPatient cut;
  std::vector<std::vector<io::Patch>> patches;  // of each series
};

class PrepareRun {
 public:
  PrepareRun(const PrepareWork& work, io::Inventory& inventory)
      : work_(work),
        plan_(work.plan),
        context_(work.context),
        scoring_config_(for_scoring(work.config)),
        inventory_(inventory),
        tally_(work.plan, inventory),
        progress_(work.folder, identity_of(work, inventory)),
        timer_(work.context.save_every_s) {
    for (const PatientTask& task : plan_.tasks) total_ += static_cast<std::int64_t>(task.series.size());
  }

  nlohmann::ordered_json run() {
    const bool whole = work_.extent == Extent::Whole;
    const LabelCount labelled = count_labelled(work_.config, inventory_);
    if (whole) judge_labelled(work_.config, labelled);
    resume();
    tbb::task_arena arena(std::max(1, context_.threads));
    arena.execute([&] { flow(); });
    if (stopped_) {
      save();
      throw Interrupted{"prepare"};
    }
    finish_split();
    const nlohmann::ordered_json listed = inventory_json(inventory_, tally_.fates());
    write_json(work_.folder / "inventory.json", listed);
    if (whole) {
      const bool held_out = std::any_of(plan_.tasks.begin(), plan_.tasks.end(),
                                        [](const PatientTask& task) { return task.split == io::Split::Test; });
      require_patches(tally_.of(io::Split::Train).patches, held_out ? tally_.of(io::Split::Test).patches : 1, total_,
                      tally_.refused());
    }
    auto json = prepare_json(plan_, inventory_, listed, tally_.fates(), tally_.counts(), shards_);
    json["series_without_label_map"] = labelled.without;
    json["listing_hmac_sha256"] = work_.listing;
    if (!whole) write_part_scans(work_.folder, plan_, inventory_, tally_.fates());
    write_scans(work_.folder, tally_.scans());
    write_json(work_.folder / "prepare.json", json);
    PrepareProgress::remove(work_.folder);
    return json;
  }

 private:
  bool stop() {
    if (!stopped_ && context_.interrupted()) stopped_ = true;
    return stopped_;
  }

  void flow() {
    using Token = std::shared_ptr<PatientResult>;
    const auto give = [&](tbb::flow_control& control) -> std::size_t {
      if (next_ == plan_.tasks.size() || stop()) {
        control.stop();
        return 0;
      }
      return next_++;
    };
    const auto work = [&](std::size_t task) { return cut_patient(plan_.tasks[task]); };
    const auto write = [&](const Token& token) {
      if (!stop()) write_patient(*token);
    };
    tbb::parallel_pipeline(static_cast<std::size_t>(work_.config.volumes_in_memory),
                           tbb::make_filter<void, std::size_t>(tbb::filter_mode::serial_in_order, give) &
                               tbb::make_filter<std::size_t, Token>(tbb::filter_mode::parallel, work) &
                               tbb::make_filter<Token, void>(tbb::filter_mode::serial_in_order, write));
  }

  std::shared_ptr<PatientResult> cut_patient(const PatientTask& task) {
    auto result = std::make_shared<PatientResult>();
    result->task = &task;
    for (const std::size_t index : task.series) {
      result->patches.emplace_back();
      result->cut.push_back(cut_one(inventory_.series[index], task.split, result->patches.back()));
    }
    return result;
  }

  CutSeries cut_one(const io::Series& series, io::Split split, std::vector<io::Patch>& kept) {
    CutSeries cut;
    cut.classes.resize(plan_.shard.classes.size());
    if (stop()) return cut;
    try {
      auto digest = beside([&] { return work_.reader.content_sha256(series); });  // the decoder reads the same files
      SeriesPatches patches =
          cut_series(series, work_.reader, split == io::Split::Train ? work_.config : scoring_config_, plan_,
                     [this] { return stop(); });
      cut.content = io::hmac_sha256_hex(work_.key, digest.get());
      cut.scan_sha256 = std::move(patches.scan_sha256);
      cut.contoured = std::move(patches.contoured);
      cut.dropped_empty = patches.dropped_empty;
      cut.dropped_unlabelled = patches.dropped_unlabelled;
      cut.dropped_unclassed = patches.dropped_unclassed;
      kept = std::move(patches.patches);
      for (const io::Patch& patch : kept) ++cut.classes[static_cast<std::size_t>(patch.class_index)];
    } catch (const io::DataError& error) {
      cut = {};
      cut.refusal = io::Finding{error.fault(), error.what()};
    }
    return cut;
  }

  void write_patient(PatientResult& result) {
    open_split(result.task->split);
    unsaved_.push_back(result.cut);
    take(*result.task, std::move(result.cut), &result.patches);
    if (timer_.due()) save();
  }

  // Counts a patient's series and hands over their patches, unless those were written by an earlier attempt.
  void take(const PatientTask& task, CutPatient cut, std::vector<std::vector<io::Patch>>* patches) {
    const CutPatient taken = tally_.take(task, std::move(cut));
    for (std::size_t i = 0; i < taken.size(); ++i) {
      context_.progress(++done_, total_, "series");
      if (patches == nullptr || taken[i].refusal) continue;
      writer_->set_contoured(inventory_.series[task.series[i]].id, taken[i].contoured);
      if (taken[i].patches() > 0)
        for (io::Patch& patch : (*patches)[i]) writer_->add(std::move(patch));
    }
  }

  io::ShardWriter writer_of(io::Split split) const {
    const std::int64_t patch_bytes = plan_.shard.width * plan_.shard.height * 3;  // int16 and uint8
    return {work_.folder, io::split_name(split), plan_.shard,
            std::max<std::int64_t>(1, work_.config.shard_mb * (1 << 20) / patch_bytes)};
  }

  // Tasks come split by split, so one shard is being filled at a time.
  void open_split(io::Split split) {
    if (writer_ && split == split_) return;
    finish_split();
    writer_.emplace(writer_of(split));
    split_ = split;
  }

  void finish_split() {
    if (!writer_) return;
    const auto files = writer_->finish();
    shards_.insert(shards_.end(), files.begin(), files.end());
    finished_[static_cast<std::size_t>(split_)] = static_cast<std::int64_t>(files.size());
    writer_.reset();
  }

  void save() {
    if (unsaved_.empty()) return;
    auto finished = finished_;
    if (writer_) finished[static_cast<std::size_t>(split_)] = writer_->shards_written();
    progress_.save(unsaved_, finished, writer_ ? &*writer_ : nullptr);
    unsaved_.clear();
    timer_.saved();
  }

  void resume() {
    PrepareState state = progress_.load();
    const auto fits = [](const CutPatient& cut, const PatientTask& task) { return cut.size() == task.series.size(); };
    const bool plausible = !state.patients.empty() && state.patients.size() <= plan_.tasks.size() &&
                           std::equal(state.patients.begin(), state.patients.end(), plan_.tasks.begin(), fits) &&
                           open_written(state);
    if (!plausible) {
      remove_prepared(work_.folder);
      progress_.load();  // of nothing: its numbers begin anew
      return;
    }
    for (; next_ < state.patients.size(); ++next_) take(plan_.tasks[next_], std::move(state.patients[next_]), nullptr);
    log_info("prepare: goes on after " + std::to_string(next_) + " of " + std::to_string(plan_.tasks.size()) +
             " patients, which were done before");
  }

  // The shards that an earlier attempt wrote; false when any of them is not as it was left.
  bool open_written(const PrepareState& state) {
    const io::Split last = plan_.tasks[state.patients.size() - 1].split;
    try {
      for (const io::Split split : io::kSplits) {
        io::ShardWriter writer = writer_of(split);
        const std::int64_t shards = state.shards[static_cast<std::size_t>(split)];
        writer.go_on(shards, split == last ? state.unfinished : fs::path());
        if (split == last) {
          split_ = split;
          writer_.emplace(std::move(writer));
        } else {
          finished_[static_cast<std::size_t>(split)] = shards;
          const auto files = writer.finish();
          shards_.insert(shards_.end(), files.begin(), files.end());
        }
      }
      io::ShardWriter written = writer_of(last);  // without what is in no shard yet
      written.go_on(writer_->shards_written(), {});
      const auto files = written.finish();
      std::set<fs::path> kept(shards_.begin(), shards_.end());
      kept.insert(files.begin(), files.end());
      remove_shards(work_.folder, kept);
      return true;
    } catch (const io::DataError& error) {
      log_warning(std::string("prepare: what was done before is damaged (") + error.what() + "); it begins anew");
      writer_.reset();
      shards_.clear();
      finished_ = {};
      return false;
    }
  }

  const PrepareWork& work_;
  const PreparePlan& plan_;
  const Context& context_;
  const PrepareConfig scoring_config_;
  io::Inventory& inventory_;
  PrepareTally tally_;
  PrepareProgress progress_;
  SaveTimer timer_;
  std::vector<CutPatient> unsaved_;                                 // of patients whose patches the writer has
  std::vector<fs::path> shards_;                                    // of finished splits
  std::array<std::int64_t, std::size(io::kSplits)> finished_ = {};  // their number, of each split
  std::optional<io::ShardWriter> writer_;
  io::Split split_ = io::Split::Train;
  std::size_t next_ = 0;  // task to be given to the pipeline
  std::int64_t done_ = 0, total_ = 0;
  std::atomic<bool> stopped_ = false;
};

}  // namespace

nlohmann::ordered_json work_on_patients(const PrepareWork& work, io::Inventory& inventory) {
  return PrepareRun(work, inventory).run();
}

void remove_prepared(const fs::path& folder) {
  fs::remove(folder / "prepare.json");
  fs::remove(folder / "scans.json");
  remove_shards(folder, {});
  PrepareProgress::remove(folder);
  io::remove_leftovers(folder);
}

}  // namespace ctforge::pipeline
