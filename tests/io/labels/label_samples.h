// Small DICOM SEG and RTSTRUCT files upon the sample series of dicom_samples.h, to be damaged one way at a time.
#pragma once

#include "io/volume/geometry.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::test {

// Changes the data set before it is written.
using LabelEdit = std::function<void(DcmDataset& data)>;

struct SampleRoi {
  int number = 1;
  std::string name;
  std::vector<std::string> contours;  // ContourData, closed planar
};

// ContourData of a rectangle on a slice of the sample series, in pixel indices.
std::string sample_rectangle(double left, double top, double right, double bottom, double slice);

// An RTSTRUCT that refers to the sample series; implicit little endian.
void write_structure_set(const std::filesystem::path& path, const std::vector<SampleRoi>& rois,
                         const LabelEdit& edit = {});
// The item of a structure's first contour.
DcmItem& first_contour(DcmDataset& data);

struct SampleFrame {
  int segment = 1;
  int slice = 0;                     // of the sample series that it lies on and refers to
  std::vector<std::uint8_t> values;  // 0 and 1, or 8-bit values; all pixels of the slice
};

// A SEG that refers to the sample series. bits: 1 (BINARY) or 8 (FRACTIONAL, MaximumFractionalValue 200).
void write_segmentation(const std::filesystem::path& path, const std::vector<std::string>& segments,
                        const std::vector<SampleFrame>& frames, int bits = 1, const LabelEdit& edit = {},
                        E_TransferSyntax syntax = EXS_LittleEndianExplicit);
// The functional groups of a frame.
DcmItem& frame_groups(DcmDataset& data, unsigned long frame);

}  // namespace ctforge::test
