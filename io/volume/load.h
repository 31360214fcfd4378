// Voxels of a series found by scan(), decoded in a child process so that no file can take the program down.
#pragma once

#include "io/volume/inventory.h"
#include "io/volume/volume.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>

namespace ctforge::io {

struct DecodeOptions {
  double time_limit_s = 300;            // the child is killed after this long
  std::int64_t memory_limit_bytes = 0;  // address space of the child; 0: derived from the header's size
  int threads = 1;                      // in the child
  std::filesystem::path decoder;        // the ctforge-decode program; empty: beside the running program
  std::function<bool()> interrupted;    // true: the child is killed, and the series is DecoderDied
};

// HU exactly as the headers define them, in LPS geometry; slices displaced by a gantry tilt are resampled to the
// upright grid of series.geometry (io/volume/gantry_tilt.h). Throws DataError with what was wrong; NotCt also for a
// volume file without a voxel below 0, which is a label map or has lost its HU.
Volume load_volume(const Series& series, const DecodeOptions& options = {});
// The series' label map, or what its label objects' structures become, on its grid; a label map in axial order
// (io/volume/resample.h) where its file orders the voxels of that grid in another way than the CT does. Throws
// DataError(LabelMismatch) when geometry or values do not fit.
LabelMap load_labels(const Series& series, const DecodeOptions& options = {});

// Segment or ROI numbers of the structures that become labels.
std::map<std::int64_t, std::uint8_t> labels_by_number(const LabelObject& object);

}  // namespace ctforge::io
