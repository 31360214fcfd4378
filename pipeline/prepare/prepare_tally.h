// The counts of a prepare stage: what became of each series, the patches of each split, and scans met before.
#pragma once

#include "pipeline/prepare/prepare_plan.h"
#include "pipeline/prepare/prepare_progress.h"
#include "pipeline/prepare/prepare_report.h"
#include "pipeline/prepare/prepare_scans.h"
#include "pipeline/train/learned_scans.h"

#include <cstdint>
#include <iterator>
#include <vector>

namespace ctforge::pipeline {

class PrepareTally {
 public:
  // Both must outlive it. Refusals and notes are added to the inventory.
  PrepareTally(const PreparePlan& plan, io::Inventory& inventory);
  // Counts a patient's series. To be called in the order of the plan, one patient after the other. Returns what is
  // taken of them: refused are those of a patient who is another one too, empty are copies within the patient.
  CutPatient take(const PatientTask& task, CutPatient cut);

  const std::vector<SeriesFate>& fates() const { return fates_; }  // as in the inventory
  const SplitCount& of(io::Split split) const { return counts_[static_cast<std::size_t>(split)]; }
  const std::vector<SplitCount>& counts() const { return counts_; }  // in the order of io::kSplits
  const std::vector<ScanSet>& scans() const { return scan_sets_; }   // likewise
  std::int64_t refused() const { return refused_; }                  // series

 private:
  void judge_scans(const PatientTask& task, CutPatient& cut);
  io::Inventory& inventory_;
  std::vector<SeriesFate> fates_;
  std::vector<SplitCount> counts_;
  std::vector<ScanSet> scan_sets_;
  ScanRegister scans_;
  std::int64_t refused_ = 0;
};

}  // namespace ctforge::pipeline
