// Counting, and judging scans by their digests.
#include "pipeline/prepare/prepare_tally.h"

#include <utility>

namespace ctforge::pipeline {

PrepareTally::PrepareTally(const PreparePlan& plan, io::Inventory& inventory)
    : inventory_(inventory),
      fates_(inventory.series.size()),
      counts_(std::size(io::kSplits)),
      scan_sets_(std::size(io::kSplits)) {
  for (SplitCount& count : counts_) count.classes.resize(plan.shard.classes.size());
}

CutPatient PrepareTally::take(const PatientTask& task, CutPatient cut) {
  SplitCount& count = counts_[static_cast<std::size_t>(task.split)];
  const std::int64_t before = count.patches;
  judge_scans(task, cut);
  for (std::size_t i = 0; i < task.series.size(); ++i) {
    const CutSeries& series = cut[i];
    if (series.refusal) {
      inventory_.series[task.series[i]].refusals.push_back(*series.refusal);
      ++refused_;
      continue;
    }
    const std::int64_t kept = series.patches();
    for (std::size_t c = 0; c < series.classes.size(); ++c) count.classes[c] += series.classes[c];
    fates_[task.series[i]] = {true,
                              task.split,
                              kept,
                              series.dropped_empty,
                              series.dropped_unlabelled,
                              series.dropped_unclassed,
                              series.content,
                              series.scan_sha256};
    if (kept > 0) scan_sets_[static_cast<std::size_t>(task.split)].insert(series.scan_sha256);
    count.patches += kept;
    count.series += kept > 0 ? 1 : 0;
  }
  count.patients += count.patches > before ? 1 : 0;
  return cut;
}

void PrepareTally::judge_scans(const PatientTask& task, CutPatient& cut) {
  std::vector<Scan> scans;
  for (std::size_t i = 0; i < task.series.size(); ++i)
    scans.push_back({cut[i].scan_sha256, inventory_.series[task.series[i]].labelled()});
  const auto verdicts = scans_.judge(task.patient, scans);
  for (std::size_t i = 0; i < scans.size(); ++i) {
    if (cut[i].refusal || verdicts[i] == ScanRegister::Verdict::Fresh) continue;
    if (verdicts[i] == ScanRegister::Verdict::SamePerson) {
      cut[i].refusal = {io::Fault::DuplicateScan, "this patient and another one share a scan: one person"};
    } else {
      inventory_.series[task.series[i]].notes.push_back("a copy of another series of the patient, which is taken");
      CutSeries nothing;
      nothing.content = std::move(cut[i].content);
      cut[i] = std::move(nothing);
    }
  }
}

}  // namespace ctforge::pipeline
