// DICOM SEG: its frames, where they lie among the voxels of a CT, and their pixels as labels.
#pragma once

#include "io/dicom/dicom_fragments.h"
#include "io/dicom/dicom_header.h"
#include "io/labels/label_slices.h"
#include "io/volume/geometry.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ctforge::io {

enum class SegmentationType {
  Binary,      // one bit a pixel
  Fractional,  // 8 bits; a pixel belongs to the segment from half of MaximumFractionalValue on
  Labelmap,    // 8 or 16 bits: the number of the segment
};

// One frame as its functional groups tell. DICOM PS3.3 C.7.6.16.2 and C.8.20.
struct SegmentationFrame {
  std::int64_t segment = 0;  // number; of Labelmap not used
  Vector3 position_mm = {0, 0, 0};
  std::array<Vector3, 2> orientation = {};    // along a row, down a column
  std::array<double, 2> spacing_mm = {0, 0};  // between columns (x), between rows (y)
  std::vector<std::string> source_uids;       // images it was drawn on
};

struct Segmentation {
  SegmentationType type = SegmentationType::Binary;
  DicomPixels pixels;                            // of one frame; offset and length are those of all of PixelData
  std::vector<std::vector<Fragment>> fragments;  // of each frame, where PixelData is compressed
  std::int64_t maximum_fractional = 0;
  std::vector<SegmentationFrame> frames;
};

// The header, with the length of PixelData checked against it. Throws DataError: MalformedDicom, MissingPosition,
// InvalidPixelSpacing, UnsupportedTransferSyntax (big endian, lossy, compressed bits), TooLarge, UnsupportedFormat,
// MissingPixelData, TruncatedPixelData.
Segmentation read_segmentation(const std::filesystem::path& path);

// A frame's pixel (column, row) is the voxel first + column * along_row + row * down_column.
struct FramePlace {
  std::array<std::int64_t, 3> first, along_row, down_column;
};
// A frame may lie along any plane of voxels, either way round, and be smaller than it. Throws DataError(LabelMismatch)
// unless each of its pixels lies within a quarter of a voxel of a voxel's centre. tilted: of a CT whose slices were
// moved in their planes to an upright grid, a frame in such a plane lies up to half a voxel further from where its
// pixels go.
FramePlace place_frame(const Segmentation& segmentation, const SegmentationFrame& frame, const Geometry& ct,
                       bool tilted = false);

// labels: segment number to label. Where segments overlap the higher label stays. slices: where the images that frames
// refer to lie; one that contradicts a frame's position refuses it as LabelMismatch. voxels: [z,y,x], zero at first.
void decode_segmentation(const std::filesystem::path& path, const Geometry& ct, bool tilted,
                         const std::map<std::int64_t, std::uint8_t>& labels, const LabelSlices& slices,
                         std::span<std::uint8_t> voxels);

}  // namespace ctforge::io
