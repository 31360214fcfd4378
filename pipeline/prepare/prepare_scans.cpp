// Judging scans by their digests.
#include "pipeline/prepare/prepare_scans.h"

#include <algorithm>
#include <cstddef>

namespace ctforge::pipeline {

std::vector<ScanRegister::Verdict> ScanRegister::judge(const std::string& patient, const std::vector<Scan>& scans) {
  std::string person = patient;
  for (const Scan& scan : scans)
    if (const auto known = person_.find(scan.sha256); known != person_.end()) person = known->second;
  std::vector<Verdict> verdicts(scans.size(), person == patient ? Verdict::Fresh : Verdict::SamePerson);
  std::map<std::string, std::size_t> first;  // the scan that is taken, by digest
  for (std::size_t i = 0; i < scans.size(); ++i) {
    if (scans[i].sha256.empty()) continue;
    person_.emplace(scans[i].sha256, person);
    const auto [taken, fresh] = first.emplace(scans[i].sha256, i);
    if (fresh || person != patient) continue;
    const bool better = scans[i].labelled && !scans[taken->second].labelled;
    verdicts[better ? taken->second : i] = Verdict::Copy;
    if (better) taken->second = i;
  }
  return verdicts;
}

}  // namespace ctforge::pipeline
