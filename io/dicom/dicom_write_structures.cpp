// Structure sets with DCMTK. PS3.3 A.19 for the modules, C.8.8.5, C.8.8.6 and C.8.8.8 for the regions.
#include "io/dicom/dicom_write_structures.h"

#include "io/dicom/dicom_parts.h"
#include "io/file/digest.h"
#include "io/labels/contour.h"

#include <array>
#include <cmath>
#include <numbers>
#include <span>

namespace ctforge::io {

namespace {

using namespace dicom;

void put_frame_and_images(DcmDataset& data, const CtReference& reference) {
  DcmItem& frame = add_item(data, DCM_ReferencedFrameOfReferenceSequence);
  put(frame, DCM_FrameOfReferenceUID, reference.frame_of_reference_uid);
  DcmItem& study = add_item(frame, DCM_RTReferencedStudySequence);
  put(study, DCM_ReferencedSOPClassUID, UID_RETIRED_DetachedStudyManagementSOPClass);
  put(study, DCM_ReferencedSOPInstanceUID, reference.study_uid);
  DcmItem& series = add_item(study, DCM_RTReferencedSeriesSequence);
  put(series, DCM_SeriesInstanceUID, reference.series_uid);
  put_images(series, DCM_ContourImageSequence, reference);
}

// Red, green and blue, 0 to 255: hues a golden section of the circle apart, so that neighbours differ.
std::string colour(std::size_t number) {
  const double turn = static_cast<double>(number) / std::numbers::phi;
  std::string text;
  for (const double phase : {0.0, 1.0 / 3, 2.0 / 3}) {
    const double wave = 0.5 + 0.5 * std::cos(2 * std::numbers::pi * (turn - phase));
    text += (text.empty() ? "" : "\\") + std::to_string(std::lround(40 + 215 * wave));
  }
  return text;
}

// x, y, z of each corner, LPS mm, to the nanometre.
std::string points(const PixelContour& contour, const Geometry& geometry, std::int64_t slice) {
  std::string text;
  for (const PixelCorner corner : contour) {
    Vector3 point = index_to_point_mm(geometry, {corner.x - 0.5, corner.y - 0.5, static_cast<double>(slice)});
    for (double& value : point) value = std::round(value * 1e6) / 1e6 + 0.0;  // + 0: no negative zero
    text += (text.empty() ? "" : "\\") + decimals(point);
  }
  return text;
}

void put_contours(DcmItem& region, const LabelMap& labels, std::uint8_t value, const CtReference& reference) {
  const Geometry& geometry = labels.geometry;
  const auto plane = static_cast<std::size_t>(geometry.size[0] * geometry.size[1]);
  for (std::int64_t slice = 0; slice < geometry.size[2]; ++slice) {
    const std::span pixels(labels.label.data() + static_cast<std::size_t>(slice) * plane, plane);
    for (const PixelContour& contour : trace_contours(pixels, geometry.size[0], geometry.size[1], value)) {
      DcmItem& item = add_item(region, DCM_ContourSequence);
      put_image_reference(add_item(item, DCM_ContourImageSequence), reference, slice);
      put(item, DCM_ContourGeometricType, "CLOSED_PLANAR");
      put(item, DCM_NumberOfContourPoints, std::to_string(contour.size()));
      put(item, DCM_ContourData, points(contour, geometry, slice));
    }
  }
}

void put_region(DcmDataset& data, const LabelMap& labels, std::size_t number, const std::string& name,
                const CtReference& reference) {
  const std::string text = std::to_string(number);
  DcmItem& region = add_item(data, DCM_StructureSetROISequence);
  put(region, DCM_ROINumber, text);
  put(region, DCM_ReferencedFrameOfReferenceUID, reference.frame_of_reference_uid);
  put(region, DCM_ROIName, long_string(name));
  put(region, DCM_ROIGenerationAlgorithm, "AUTOMATIC");
  DcmItem& contours = add_item(data, DCM_ROIContourSequence);
  put(contours, DCM_ROIDisplayColor, colour(number));
  put(contours, DCM_ReferencedROINumber, text);
  put_contours(contours, labels, static_cast<std::uint8_t>(number), reference);
  DcmItem& observation = add_item(data, DCM_RTROIObservationsSequence);
  put(observation, DCM_ObservationNumber, text);
  put(observation, DCM_ReferencedROINumber, text);
  put(observation, DCM_RTROIInterpretedType, "");
  put(observation, DCM_ROIInterpreter, "");
}

}  // namespace

void write_structure_set(const std::filesystem::path& path, const LabelMap& labels,
                         const std::vector<std::string>& names, const CtReference& reference,
                         const CtSeriesInfo& info) {
  check_labels(labels, names, reference);
  const std::string key = labels_key("structure set", labels, names, reference);
  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  put_object(data, UID_RTStructureSetStorage, uid_from(key + " object"), info);
  put_patient_and_study(data, info, reference.study_uid);
  put_series(data, info, "RTSTRUCT", uid_from(key + " series"), 3);
  put_frame_of_reference(data, reference.frame_of_reference_uid);
  put(data, DCM_OperatorsName, "");
  put(data, DCM_InstanceNumber, "1");
  put(data, DCM_StructureSetLabel, "SYNTHETIC");
  put(data, DCM_StructureSetDate, "");
  put(data, DCM_StructureSetTime, "");
  put_frame_and_images(data, reference);
  for (std::size_t number = 1; number < names.size(); ++number)
    put_region(data, labels, number, names[number], reference);
  save(file, path, true);
}

}  // namespace ctforge::io
