// Structures and references of SEG and RTSTRUCT.
#include "io/labels/label_object.h"

#include "io/dicom/dicom_attributes.h"
#include "io/dicom/dicom_items.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace ctforge::io {

namespace {

std::string text_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<Finding> ignored;
  return DicomAttributes(item, ignored).text(tag);
}

void add_text(std::vector<std::string>& texts, DcmItem& item, const DcmTagKey& tag) {
  std::string text = text_of(item, tag);
  if (!text.empty()) texts.push_back(std::move(text));
}

void add_images(std::vector<std::string>& uids, DcmItem& item, const DcmTagKey& sequence) {
  for (DcmItem* image : items_of(item, sequence)) add_text(uids, *image, DCM_ReferencedSOPInstanceUID);
}

void keep_each_once(std::vector<std::string>& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

void complain(LabelObjectHeader& header, const std::string& message) {
  header.faults.push_back({Fault::MalformedDicom, message});
}

bool fits(const std::optional<std::int64_t>& number) {
  return number && *number >= 0 && *number <= std::numeric_limits<std::int32_t>::max();
}

void read_segment_references(DcmItem& data, LabelObjectHeader& header) {
  for (DcmItem* series : items_of(data, DCM_ReferencedSeriesSequence)) {
    add_text(header.series_uids, *series, DCM_SeriesInstanceUID);
    add_images(header.image_uids, *series, DCM_ReferencedInstanceSequence);
  }
  add_images(header.image_uids, data, DCM_ReferencedImageSequence);
  for (const DcmTagKey& groups : {DCM_SharedFunctionalGroupsSequence, DCM_PerFrameFunctionalGroupsSequence})
    for (DcmItem* frame : items_of(data, groups))
      for (DcmItem* derivation : items_of(*frame, DCM_DerivationImageSequence))
        add_images(header.image_uids, *derivation, DCM_SourceImageSequence);
}

void read_segments(DcmItem& data, LabelObjectHeader& header) {
  read_segment_references(data, header);
  const std::string frame = text_of(data, DCM_FrameOfReferenceUID);
  std::set<std::int64_t> numbers;
  for (DcmItem* segment : items_of(data, DCM_SegmentSequence)) {
    const auto number = whole_number(*segment, DCM_SegmentNumber);
    if (!fits(number) || !numbers.insert(*number).second)
      return complain(header, "a segment without a number of its own");
    header.structures.push_back({*number, utf8_text(*segment, DCM_SegmentLabel, data), frame});
  }
}

void read_contour_references(DcmItem& data, LabelObjectHeader& header, std::vector<std::string>& frames) {
  for (DcmItem* frame : items_of(data, DCM_ReferencedFrameOfReferenceSequence)) {
    add_text(frames, *frame, DCM_FrameOfReferenceUID);
    for (DcmItem* study : items_of(*frame, DCM_RTReferencedStudySequence))
      for (DcmItem* series : items_of(*study, DCM_RTReferencedSeriesSequence)) {
        add_text(header.series_uids, *series, DCM_SeriesInstanceUID);
        add_images(header.image_uids, *series, DCM_ContourImageSequence);
      }
  }
}

// ROI numbers with a contour that encloses an area. Templates name many structures of which nothing was drawn.
std::set<std::int64_t> drawn_structures(DcmItem& data, LabelObjectHeader& header) {
  std::set<std::int64_t> drawn;
  std::size_t others = 0;
  for (DcmItem* roi : items_of(data, DCM_ROIContourSequence)) {
    const auto number = whole_number(*roi, DCM_ReferencedROINumber);
    if (!fits(number)) {
      complain(header, "contours without a ReferencedROINumber");
      continue;
    }
    for (DcmItem* contour : items_of(*roi, DCM_ContourSequence)) {
      if (is_closed_planar(text_of(*contour, DCM_ContourGeometricType)))
        drawn.insert(*number);
      else
        ++others;
      add_images(header.image_uids, *contour, DCM_ContourImageSequence);
    }
  }
  if (others > 0) header.notes.push_back(std::to_string(others) + " contours that are not closed and planar ignored");
  return drawn;
}

void read_rois(DcmItem& data, LabelObjectHeader& header) {
  std::vector<std::string> frames;
  read_contour_references(data, header, frames);
  const std::set<std::int64_t> drawn = drawn_structures(data, header);
  std::set<std::int64_t> numbers;
  for (DcmItem* roi : items_of(data, DCM_StructureSetROISequence)) {
    const auto number = whole_number(*roi, DCM_ROINumber);
    if (!fits(number) || !numbers.insert(*number).second)
      return complain(header, "a structure without a number of its own");
    std::string frame = text_of(*roi, DCM_ReferencedFrameOfReferenceUID);
    if (frame.empty() && frames.size() == 1) frame = frames.front();
    if (drawn.contains(*number)) header.structures.push_back({*number, utf8_text(*roi, DCM_ROIName, data), frame});
  }
}

}  // namespace

bool is_closed_planar(const std::string& geometric_type) {
  return geometric_type == "CLOSED_PLANAR" || geometric_type == "CLOSEDPLANAR_XOR";
}

LabelObjectHeader read_label_object(const std::filesystem::path& path, LabelObjectKind kind) {
  const DicomTree tree = parse_dicom(path);
  LabelObjectHeader header;
  DcmItem& data = tree.data();
  header.object_uid = text_of(data, DCM_SOPInstanceUID);
  header.patient_id = text_of(data, DCM_PatientID);
  if (!tree.whole) complain(header, "it cannot be parsed to its end");
  if (kind == LabelObjectKind::Segmentation)
    read_segments(data, header);
  else
    read_rois(data, header);
  keep_each_once(header.series_uids);
  keep_each_once(header.image_uids);
  return header;
}

}  // namespace ctforge::io
