// Binary segmentations with DCMTK. PS3.3 A.51 for the modules, C.8.20 for the segments, C.7.6.16 for the frames.
#include "io/dicom/dicom_write_segmentation.h"

#include "io/dicom/dicom_parts.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ctforge::io {

namespace {

using namespace dicom;

struct Frame {
  std::uint8_t segment = 0;  // its number, which is the label value
  std::int64_t slice = 0;
};

// Segment by segment, slice by slice.
std::vector<Frame> frames_of(const LabelMap& labels, std::size_t segments) {
  const auto plane = static_cast<std::size_t>(labels.geometry.size[0] * labels.geometry.size[1]);
  const auto slices = static_cast<std::size_t>(labels.geometry.size[2]);
  std::vector<bool> occurs(slices * 256);
  for (std::size_t i = 0; i < labels.label.size(); ++i) occurs[i / plane * 256 + labels.label[i]] = true;
  std::vector<Frame> frames;
  for (std::size_t segment = 1; segment <= segments; ++segment) {
    const std::size_t before = frames.size();
    for (std::size_t slice = 0; slice < slices; ++slice)
      if (occurs[slice * 256 + segment])
        frames.push_back({static_cast<std::uint8_t>(segment), static_cast<std::int64_t>(slice)});
    if (frames.size() == before) frames.push_back({static_cast<std::uint8_t>(segment), 0});
  }
  return frames;
}

void put_segment(DcmDataset& data, std::size_t number, const std::string& name) {
  const SegmentCodes codes = segment_codes(name);
  DcmItem& segment = add_item(data, DCM_SegmentSequence);
  put_number(segment, DCM_SegmentNumber, static_cast<std::uint16_t>(number));
  put(segment, DCM_SegmentLabel, long_string(name.empty() ? std::to_string(number) : name));
  put(segment, DCM_SegmentAlgorithmType, "AUTOMATIC");
  put(segment, DCM_SegmentAlgorithmName, "ctforge");
  put_code(segment, DCM_SegmentedPropertyCategoryCodeSequence, codes.category);
  DcmItem& type = put_code(segment, DCM_SegmentedPropertyTypeCodeSequence, codes.type);
  if (!codes.side.value.empty()) put_code(type, DCM_SegmentedPropertyTypeModifierCodeSequence, codes.side);
}

void put_image(DcmDataset& data, std::size_t frames) {
  put(data, DCM_ImageType, "DERIVED\\PRIMARY");
  put(data, DCM_DerivationDescription, kDerivation);
  put(data, DCM_BurnedInAnnotation, "NO");
  put(data, DCM_LossyImageCompression, "00");
  put(data, DCM_InstanceNumber, "1");
  put(data, DCM_ContentDate, kNoDate);
  put(data, DCM_ContentTime, kNoTime);
  put(data, DCM_ContentLabel, "SEGMENTATION");
  put(data, DCM_ContentDescription, "SYNTHETIC masks");
  put(data, DCM_ContentCreatorName, "");
  put(data, DCM_SegmentationType, "BINARY");
  put(data, DCM_NumberOfFrames, std::to_string(frames));
}

void put_frame(DcmDataset& data, const Geometry& geometry, const Frame& frame, const CtReference& reference) {
  DcmItem& item = add_item(data, DCM_PerFrameFunctionalGroupsSequence);
  DcmItem& derivation = add_item(item, DCM_DerivationImageSequence);
  put_code(derivation, DCM_DerivationCodeSequence, {"113076", "DCM", "Segmentation"});
  DcmItem& source = add_item(derivation, DCM_SourceImageSequence);
  put_image_reference(source, reference, frame.slice);
  put_code(source, DCM_PurposeOfReferenceCodeSequence,
           {"121322", "DCM", "Source image for image processing operation"});
  put(source, DCM_SpatialLocationsPreserved, "YES");
  put_numbers(add_item(item, DCM_FrameContentSequence), DCM_DimensionIndexValues,
              std::array{std::uint32_t{frame.segment}, static_cast<std::uint32_t>(frame.slice + 1)});
  put_plane_position(item, geometry, frame.slice);
  put_number(add_item(item, DCM_SegmentIdentificationSequence), DCM_ReferencedSegmentNumber, frame.segment);
}

void put_functional_groups(DcmDataset& data, const Geometry& geometry, const std::vector<Frame>& frames,
                           const CtReference& reference, const std::string& key) {
  const std::array dimensions = {Dimension{DCM_ReferencedSegmentNumber, DCM_SegmentIdentificationSequence, "Segment"},
                                 Dimension{DCM_ImagePositionPatient, DCM_PlanePositionSequence, "Slice"}};
  put_dimensions(data, uid_from(key + " dimensions"), dimensions);
  put_plane_measures(add_item(data, DCM_SharedFunctionalGroupsSequence), geometry);
  for (const Frame& frame : frames) put_frame(data, geometry, frame, reference);
}

// One bit a pixel, the first in the lowest bit, frames without padding between them (PS3.5 8.1.1).
void put_bits(DcmDataset& data, const LabelMap& labels, const std::vector<Frame>& frames) {
  const auto plane = static_cast<std::size_t>(labels.geometry.size[0] * labels.geometry.size[1]);
  const std::size_t bytes = (frames.size() * plane + 7) / 8;
  if (bytes > 0xfffffffeU) throw std::invalid_argument("the segmentation does not fit a DICOM object");
  std::vector<std::uint8_t> bits(bytes + bytes % 2);
  std::size_t bit = 0;
  for (const Frame& frame : frames) {
    const std::uint8_t* label = labels.label.data() + static_cast<std::size_t>(frame.slice) * plane;
    for (std::size_t i = 0; i < plane; ++i, ++bit)
      if (label[i] == frame.segment) bits[bit / 8] = static_cast<std::uint8_t>(bits[bit / 8] | 1U << bit % 8);
  }
  put_pixel_format(data, labels.geometry, 1, false);
  require(data.putAndInsertUint8Array(DCM_PixelData, bits.data(), static_cast<unsigned long>(bits.size())));
}

}  // namespace

void write_segmentation(const std::filesystem::path& path, const LabelMap& labels,
                        const std::vector<std::string>& names, const CtReference& reference, const CtSeriesInfo& info) {
  check_labels(labels, names, reference);
  const std::string key = labels_key("segmentation", labels, names, reference);
  const std::vector<Frame> frames = frames_of(labels, names.size() - 1);
  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  put_object(data, UID_SegmentationStorage, uid_from(key + " object"), info);
  put_enhanced_equipment(data, info);
  put_patient_and_study(data, info, reference.study_uid);
  put_series(data, info, "SEG", uid_from(key + " series"), 2);
  put_frame_of_reference(data, reference.frame_of_reference_uid);
  put_image(data, frames.size());
  for (std::size_t number = 1; number < names.size(); ++number) put_segment(data, number, names[number]);
  put_functional_groups(data, labels.geometry, frames, reference, key);
  put_referenced_series(data, reference);
  put_bits(data, labels, frames);
  save(file, path);
}

}  // namespace ctforge::io
