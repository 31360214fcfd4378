// `ctforge filter`: the samples of a run without those that were flagged, in a folder of their own.
#pragma once

#include <cstdint>
#include <filesystem>

namespace ctforge::pipeline {

struct FilterConfig {
  std::filesystem::path run;  // with samples/ and what judged them
  std::filesystem::path to;   // empty: RUN/released
  bool copies = true;         // leave out what the release gate calls copies
  bool labels = true;         // leave out what the quality control of labels rejects, where evaluate looked at it
};

struct FilterResult {
  std::int64_t samples = 0, copies = 0, labels = 0, kept = 0;
};

// Writes the kept samples as shards, their NIfTI and DICOM files where the run has them, and filter.json (what was left
// out and why), written last. What was in `to` before goes. Throws ConfigError when `to` holds something else than an
// earlier filter's result, io::DataError when there are no finished samples, no verdict on them, or none is left.
FilterResult filter_samples(const FilterConfig& config);

}  // namespace ctforge::pipeline
