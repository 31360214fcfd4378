// The pixels of a SEG, a frame at a time.
#include "io/dicom/dicom_pixels.h"
#include "io/dicom/dicom_segmentation.h"
#include "io/file/file_descriptor.h"

#include <algorithm>

namespace ctforge::io {

namespace {

// PixelData by bytes: from the file, or expanded by DCMTK where the data set is deflated, or by GDCM a frame.
class FrameBytes {
 public:
  FrameBytes(const std::filesystem::path& path, const Segmentation& segmentation)
      : segmentation_(segmentation), file_(path) {
    if (segmentation.pixels.encoding != PixelEncoding::Deflated) return;
    const std::int64_t bits = frame_bits() * static_cast<std::int64_t>(segmentation.frames.size());
    expanded_ = read_deflated(path, static_cast<std::size_t>((bits + 7) / 8));
  }

  // The bytes that hold a frame; returns the number of bits before it in the first of them.
  int read(std::size_t frame, std::vector<char>& bytes) {
    if (!segmentation_.fragments.empty()) {
      bytes.resize(static_cast<std::size_t>(segmentation_.pixels.slice_bytes()));
      decompress_frame(file_, segmentation_.fragments.at(frame), segmentation_.pixels, bytes);
      return 0;
    }
    const std::int64_t first_bit = static_cast<std::int64_t>(frame) * frame_bits();
    const std::int64_t first = first_bit / 8, last = (first_bit + frame_bits() + 7) / 8;
    bytes.resize(static_cast<std::size_t>(last - first));
    if (!expanded_.empty()) {
      std::copy_n(expanded_.begin() + first, bytes.size(), bytes.begin());
    } else if (!file_.read(segmentation_.pixels.offset + first, bytes)) {
      throw DataError(Fault::TruncatedPixelData, "the file ends within its PixelData");
    }
    return static_cast<int>(first_bit % 8);
  }

 private:
  std::int64_t frame_bits() const {
    const DicomPixels& pixels = segmentation_.pixels;
    return pixels.rows * pixels.columns * pixels.bits_allocated;
  }
  const Segmentation& segmentation_;
  FileDescriptor file_;
  std::vector<char> expanded_;
};

// The segment number at a pixel of a frame, or -1 where no segment is.
class FramePixels {
 public:
  FramePixels(const Segmentation& segmentation, std::int64_t segment, int skipped_bits, const std::vector<char>& bytes)
      : segmentation_(segmentation), segment_(segment), skipped_bits_(skipped_bits), bytes_(bytes) {}

  std::int64_t at(std::size_t pixel) const {
    if (segmentation_.type == SegmentationType::Binary) {
      const std::size_t bit = pixel + static_cast<std::size_t>(skipped_bits_);  // PS3.5 8.1.1: least significant first
      return ((static_cast<unsigned char>(bytes_[bit / 8]) >> (bit % 8)) & 1) != 0 ? segment_ : -1;
    }
    if (segmentation_.type == SegmentationType::Fractional)
      return 2L * static_cast<unsigned char>(bytes_[pixel]) >= segmentation_.maximum_fractional ? segment_ : -1;
    if (segmentation_.pixels.bits_allocated == 8) return static_cast<unsigned char>(bytes_[pixel]);
    return static_cast<unsigned char>(bytes_[2 * pixel]) | (static_cast<unsigned char>(bytes_[2 * pixel + 1]) << 8);
  }

 private:
  const Segmentation& segmentation_;
  std::int64_t segment_;
  int skipped_bits_;
  const std::vector<char>& bytes_;
};

void paint(const FramePixels& pixels, const Segmentation& segmentation, const FramePlace& place, const Geometry& ct,
           const std::vector<std::uint8_t>& label_of, std::span<std::uint8_t> voxels) {
  const std::array<std::int64_t, 3> stride = {1, ct.size[0], ct.size[0] * ct.size[1]};
  std::int64_t first = 0, along_row = 0, down_column = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    first += place.first[axis] * stride[axis];
    along_row += place.along_row[axis] * stride[axis];
    down_column += place.down_column[axis] * stride[axis];
  }
  std::size_t pixel = 0;
  for (std::int64_t row = 0; row < segmentation.pixels.rows; ++row)
    for (std::int64_t column = 0; column < segmentation.pixels.columns; ++column, ++pixel) {
      const std::int64_t segment = pixels.at(pixel);
      if (segment < 0) continue;
      std::uint8_t& voxel = voxels[static_cast<std::size_t>(first + column * along_row + row * down_column)];
      voxel = std::max(voxel, label_of[static_cast<std::size_t>(segment)]);
    }
}

}  // namespace

void decode_segmentation(const std::filesystem::path& path, const Geometry& ct, bool tilted,
                         const std::map<std::int64_t, std::uint8_t>& labels, const LabelSlices& slices,
                         std::span<std::uint8_t> voxels) {
  const Segmentation segmentation = read_segmentation(path);
  std::vector<std::uint8_t> label_of(1 << 16, 0);  // segment numbers have 16 bits
  for (const auto& [segment, label] : labels)
    if (segment < static_cast<std::int64_t>(label_of.size())) label_of[static_cast<std::size_t>(segment)] = label;
  FrameBytes source(path, segmentation);
  std::vector<char> bytes;
  for (std::size_t i = 0; i < segmentation.frames.size(); ++i) {
    const SegmentationFrame& frame = segmentation.frames[i];
    if (segmentation.type != SegmentationType::Labelmap && label_of[static_cast<std::size_t>(frame.segment)] == 0)
      continue;
    const FramePlace place = place_frame(segmentation, frame, ct, tilted);
    if (place.along_row[2] == 0 && place.down_column[2] == 0) slices.expect(frame.source_uids, place.first[2]);
    const int skipped_bits = source.read(i, bytes);
    paint({segmentation, frame.segment, skipped_bits, bytes}, segmentation, place, ct, label_of, voxels);
  }
}

}  // namespace ctforge::io
