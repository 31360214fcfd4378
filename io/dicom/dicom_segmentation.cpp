// The frames of a SEG from its functional groups, and their places in a CT.
#include "io/dicom/dicom_segmentation.h"

#include "io/dicom/dicom_attributes.h"
#include "io/dicom/dicom_codestream.h"
#include "io/dicom/dicom_fragments.h"
#include "io/dicom/dicom_items.h"
#include "io/file/file_descriptor.h"

#include <cmath>
#include <cstdlib>

namespace ctforge::io {

namespace {

[[noreturn]] void malformed(const std::string& message) { throw DataError(Fault::MalformedDicom, message); }

// Attributes of which the first fault is thrown.
class StrictAttributes {
 public:
  explicit StrictAttributes(DcmItem& item) : attributes_(item, faults_) {}
  std::vector<double> decimals(const DcmTagKey& tag, const char* name, std::size_t count, Fault fault) {
    std::vector<double> values = attributes_.decimals(tag, name, count, fault);
    check();
    if (values.empty()) throw DataError(fault, std::string("a frame without ") + name);
    return values;
  }
  std::int64_t number(const DcmTagKey& tag, const char* name) {
    const auto value = attributes_.number(tag, name);
    check();
    if (!value) malformed(std::string("no ") + name);
    return *value;
  }
  std::string text(const DcmTagKey& tag) { return attributes_.text(tag); }

 private:
  void check() const {
    if (!faults_.empty()) throw DataError(faults_.front().fault, faults_.front().message);
  }
  std::vector<Finding> faults_;
  DicomAttributes attributes_;
};

// A functional group's item: the frame's own, else that of all frames. Null when there is neither.
DcmItem* group_of(DcmItem* frame, DcmItem* shared, const DcmTagKey& group) {
  DcmItem* found = frame == nullptr ? nullptr : first_item(*frame, group);
  return found != nullptr || shared == nullptr ? found : first_item(*shared, group);
}

DcmItem& need_group(DcmItem* frame, DcmItem* shared, const DcmTagKey& group, const char* name) {
  DcmItem* found = group_of(frame, shared, group);
  if (found == nullptr) throw DataError(Fault::MissingPosition, std::string("a frame without ") + name);
  return *found;
}

SegmentationFrame read_frame(DcmItem* own, DcmItem* shared, SegmentationType type) {
  SegmentationFrame frame;
  StrictAttributes position(need_group(own, shared, DCM_PlanePositionSequence, "PlanePositionSequence"));
  const auto p = position.decimals(DCM_ImagePositionPatient, "ImagePositionPatient", 3, Fault::MissingPosition);
  frame.position_mm = {p[0], p[1], p[2]};
  StrictAttributes orientation(need_group(own, shared, DCM_PlaneOrientationSequence, "PlaneOrientationSequence"));
  const auto o =
      orientation.decimals(DCM_ImageOrientationPatient, "ImageOrientationPatient", 6, Fault::MissingPosition);
  frame.orientation = {Vector3{o[0], o[1], o[2]}, Vector3{o[3], o[4], o[5]}};
  StrictAttributes measures(need_group(own, shared, DCM_PixelMeasuresSequence, "PixelMeasuresSequence"));
  const auto spacing = measures.decimals(DCM_PixelSpacing, "PixelSpacing", 2, Fault::InvalidPixelSpacing);
  frame.spacing_mm = {spacing[1], spacing[0]};  // PS3.3 10.7.1.3: between rows first
  if (type != SegmentationType::Labelmap) {
    DcmItem* identification = group_of(own, shared, DCM_SegmentIdentificationSequence);
    if (identification == nullptr) malformed("a frame that tells no segment");
    frame.segment = StrictAttributes(*identification).number(DCM_ReferencedSegmentNumber, "ReferencedSegmentNumber");
  }
  if (own == nullptr) return frame;
  for (DcmItem* derivation : items_of(*own, DCM_DerivationImageSequence))
    for (DcmItem* source : items_of(*derivation, DCM_SourceImageSequence))
      frame.source_uids.push_back(StrictAttributes(*source).text(DCM_ReferencedSOPInstanceUID));
  return frame;
}

void read_format(DcmItem& data, Segmentation& segmentation) {
  StrictAttributes attributes(data);
  const std::string type = attributes.text(DCM_SegmentationType);
  DicomPixels& pixels = segmentation.pixels;
  pixels.rows = attributes.number(DCM_Rows, "Rows");
  pixels.columns = attributes.number(DCM_Columns, "Columns");
  pixels.bits_allocated = static_cast<int>(attributes.number(DCM_BitsAllocated, "BitsAllocated"));
  pixels.bits_stored = static_cast<int>(attributes.number(DCM_BitsStored, "BitsStored"));
  if (pixels.rows == 0 || pixels.columns == 0) malformed("Rows or Columns are zero");
  const int bits = pixels.bits_allocated;
  if (type == "BINARY" && bits == 1) {
    segmentation.type = SegmentationType::Binary;
  } else if (type == "FRACTIONAL" && bits == 8) {
    segmentation.type = SegmentationType::Fractional;
    segmentation.maximum_fractional = attributes.number(DCM_MaximumFractionalValue, "MaximumFractionalValue");
    if (segmentation.maximum_fractional == 0) malformed("MaximumFractionalValue is zero");
  } else if (type == "LABELMAP" && (bits == 8 || bits == 16)) {
    segmentation.type = SegmentationType::Labelmap;
  } else {
    throw DataError(Fault::UnsupportedFormat,
                    "a segmentation of " + std::to_string(bits) +
                        " bits a pixel, expected BINARY of 1, FRACTIONAL of 8 or LABELMAP of 8 or 16");
  }
  if (pixels.bits_stored != bits) malformed("BitsStored is not BitsAllocated");
  pixels.high_bit = bits - 1;
}

void read_frames(DcmItem& data, Segmentation& segmentation) {
  DcmItem* shared = first_item(data, DCM_SharedFunctionalGroupsSequence);
  const std::vector<DcmItem*> frames = items_of(data, DCM_PerFrameFunctionalGroupsSequence);
  const auto count = whole_number(data, DCM_NumberOfFrames);
  if (!count || *count < 1 || *count != static_cast<std::int64_t>(frames.size()))
    malformed("NumberOfFrames is " + (count ? std::to_string(*count) : "absent") + ", while " +
              std::to_string(frames.size()) + " frames are described");
  for (DcmItem* frame : frames) segmentation.frames.push_back(read_frame(frame, shared, segmentation.type));
}

std::int64_t expected_bytes(const Segmentation& segmentation) {
  const DicomPixels& pixels = segmentation.pixels;
  // Rows and Columns are below 2^16, and each frame has an item in memory: no overflow.
  const std::int64_t bits =
      pixels.rows * pixels.columns * static_cast<std::int64_t>(segmentation.frames.size()) * pixels.bits_allocated;
  return (bits + 7) / 8;
}

void find_fragments(const FileDescriptor& file, Segmentation& segmentation) {
  DicomPixels& pixels = segmentation.pixels;
  if (pixels.length >= 0) malformed("compressed PixelData of a given length");
  if (pixels.rows * pixels.columns > kMostCompressedPixels)
    throw DataError(Fault::TooLarge, "compressed frames of more pixels than are read");
  pixels.frames = static_cast<std::int64_t>(segmentation.frames.size());
  std::vector<Finding> faults;
  segmentation.fragments = find_frames(file.get(), pixels, file.file_bytes(), faults);
  if (!faults.empty()) throw DataError(faults.front().fault, faults.front().message);
  for (const std::vector<Fragment>& frame : segmentation.fragments)
    if (const auto fault = judge_codestream(file.get(), frame, pixels)) throw DataError(fault->fault, fault->message);
}

void find_pixels(const std::filesystem::path& path, const DicomTree& tree, Segmentation& segmentation) {
  DicomPixels& pixels = segmentation.pixels;
  const TransferSyntax& syntax = tree.syntax();
  pixels.encoding = syntax.encoding;
  if (pixels.encoding == PixelEncoding::Deflated) return;  // DCMTK tells when it expands it
  // No codec of DICOM takes single bits, and values that a codec changes are other labels.
  const bool compressed = is_encapsulated(pixels.encoding) && pixels.bits_allocated >= 8 && !syntax.lossy;
  if (pixels.encoding != PixelEncoding::LittleEndian && !compressed)
    throw DataError(Fault::UnsupportedTransferSyntax, "a segmentation of " + std::to_string(pixels.bits_allocated) +
                                                          " bits a pixel in transfer syntax " +
                                                          describe_transfer_syntax(syntax.uid) + " is not read");
  const FileDescriptor file(path);
  const DcmXfer xfer(tree.file->getDataset()->getOriginalXfer());
  const PixelDataPlace place = find_pixel_data(file.get(), tree.stopped_at, xfer.isExplicitVR(), false);
  if (!place.found || place.length == 0) throw DataError(Fault::MissingPixelData, "a segmentation without PixelData");
  pixels.offset = place.offset;
  pixels.length = place.length;
  if (compressed) return find_fragments(file, segmentation);
  const std::int64_t expected = expected_bytes(segmentation),
                     held = std::min(place.length, file.file_bytes() - place.offset);
  if (held < expected || place.length > expected + 1)
    throw DataError(held < expected ? Fault::TruncatedPixelData : Fault::MalformedDicom,
                    "PixelData has " + std::to_string(held) + " bytes, its frames need " + std::to_string(expected));
}

// The one axis along which a step of one pixel leads by one voxel, or a LabelMismatch.
std::array<std::int64_t, 3> unit_step(const Vector3& from, const Vector3& to) {
  std::array<std::int64_t, 3> step = {0, 0, 0};
  std::int64_t length = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double along = to[axis] - from[axis];
    step[axis] = along > 0.5 ? 1 : along < -0.5 ? -1 : 0;
    length += std::abs(step[axis]);
  }
  if (length != 1) throw DataError(Fault::LabelMismatch, "the segmentation's pixels are not the CT's voxels");
  return step;
}

}  // namespace

Segmentation read_segmentation(const std::filesystem::path& path) {
  const DicomTree tree = parse_dicom(path);
  if (!tree.whole) malformed("it cannot be parsed to its pixels");
  Segmentation segmentation;
  read_format(tree.data(), segmentation);
  read_frames(tree.data(), segmentation);
  find_pixels(path, tree, segmentation);
  return segmentation;
}

FramePlace place_frame(const Segmentation& segmentation, const SegmentationFrame& frame, const Geometry& ct,
                       bool tilted) {
  const auto index = [&](std::int64_t column, std::int64_t row) {
    Vector3 point = frame.position_mm;
    for (std::size_t axis = 0; axis < 3; ++axis)
      point[axis] += frame.orientation[0][axis] * frame.spacing_mm[0] * static_cast<double>(column) +
                     frame.orientation[1][axis] * frame.spacing_mm[1] * static_cast<double>(row);
    return point_to_index(ct, point);
  };
  constexpr double furthest = 1e9;
  std::array<double, 3> tolerance = {0.25, 0.25, 0.25};
  FramePlace place{};
  const Vector3 first = index(0, 0);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (!(std::abs(first[axis]) < furthest)) throw DataError(Fault::LabelMismatch, "a frame far from the CT");
    place.first[axis] = std::llround(first[axis]);
  }
  place.along_row = unit_step(first, index(1, 0));
  place.down_column = unit_step(first, index(0, 1));
  for (std::size_t axis = 0; axis < 3; ++axis)
    if (place.along_row[axis] != 0 && place.down_column[axis] != 0)
      throw DataError(Fault::LabelMismatch, "the segmentation's rows and columns run the same way");
  if (tilted && place.along_row[2] == 0 && place.down_column[2] == 0) tolerance[0] = tolerance[1] = 0.75;
  for (const std::int64_t column : {std::int64_t{0}, segmentation.pixels.columns - 1})
    for (const std::int64_t row : {std::int64_t{0}, segmentation.pixels.rows - 1}) {
      const Vector3 corner = index(column, row);
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const std::int64_t voxel = place.first[axis] + column * place.along_row[axis] + row * place.down_column[axis];
        if (!(std::abs(corner[axis] - static_cast<double>(voxel)) <= tolerance[axis]) || voxel < 0 ||
            voxel >= ct.size[axis])
          throw DataError(Fault::LabelMismatch, "the segmentation lies on another grid than its CT");
      }
    }
  return place;
}

}  // namespace ctforge::io
