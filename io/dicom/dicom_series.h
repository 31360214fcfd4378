// CT images grouped into series, sorted by position, and judged as volumes.
#pragma once

#include "io/dicom/dicom_record.h"
#include "io/volume/inventory.h"

#include <filesystem>
#include <vector>

namespace ctforge::io {

// All records of one series, of which at least one is no localizer by ImageType. Copies of one object with identical
// bytes are dropped and localizers left out, both with a note. Slices are sorted along the normal row x column (PS3.3
// C.7.6.2.1.1), never by SliceLocation or InstanceNumber; direction is (row, column, normal), so right-handed, and
// spacing z is the mean distance along it. Accepted are: in-plane offsets of slice positions up to a quarter of a
// pixel, or that much about a steady displacement, which is a gantry tilt (Series::tilt), and slice distances within
// options.spacing_tolerance of their median. A single slice has its SliceThickness as spacing.
Series build_series(std::vector<DicomRecord> records, const std::vector<std::filesystem::path>& files,
                    const ScanOptions& options);

}  // namespace ctforge::io
