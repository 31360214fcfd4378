// One series to patches: axial order, resampling, cutting and judging.
#pragma once

#include "io/file/shard.h"
#include "pipeline/prepare/prepare.h"
#include "pipeline/prepare/prepare_plan.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ctforge::pipeline {

struct SeriesPatches {
  std::vector<io::Patch> patches;  // slice by slice from the feet, within one row by row
  std::vector<int> contoured;      // kept label values present anywhere in the label map, without the background
  std::string scan_sha256;         // equal for copies of one scan, however they are filed and encoded
  std::int64_t dropped_empty = 0;  // too little above empty_hu
  std::int64_t dropped_unlabelled = 0;
  std::int64_t dropped_unclassed = 0;
};

// Throws io::DataError when the series cannot be read or its label map does not fit. Parallel inside; the same patches
// with any number of threads. stop: asked between blocks of slices; when true, what was cut so far is returned.
SeriesPatches cut_series(const io::Series& series, const SeriesReader& reader, const PrepareConfig& config,
                         const PreparePlan& plan, const std::function<bool()>& stop);

}  // namespace ctforge::pipeline
