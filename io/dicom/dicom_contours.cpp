// Contours of an RTSTRUCT, a structure at a time.
#include "io/dicom/dicom_contours.h"

#include "io/dicom/dicom_attributes.h"
#include "io/dicom/dicom_items.h"
#include "io/labels/label_object.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

namespace ctforge::io {

namespace {

[[noreturn]] void malformed(const std::string& message) { throw DataError(Fault::MalformedDicom, message); }

// The value as text. Explicit encodings limit a DS to 64 KiB, so longer contours come as UN (PS3.5 6.2.2).
std::string contour_data(DcmItem& contour) {
  DcmElement* element = allowed_element(contour, DCM_ContourData);
  if (element == nullptr) malformed("no ContourData");
  if (element->ident() == EVR_DS) {
    OFString text;
    if (element->getOFStringArray(text, OFFalse).bad()) malformed("ContourData cannot be read");
    return {text.c_str(), text.size()};
  }
  Uint8* bytes = nullptr;
  if (element->ident() != EVR_UN || element->getUint8Array(bytes).bad() || bytes == nullptr)
    malformed("ContourData has the value representation " + std::string(DcmVR(element->ident()).getVRName()) +
              ", expected DS");
  return {reinterpret_cast<const char*>(bytes), element->getLength()};
}

std::vector<double> contour_points_mm(DcmItem& contour) {
  const std::string text = contour_data(contour);
  std::vector<double> values;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\\'), rest.size());
    const auto value = parse_decimal(rest.substr(0, end));
    if (!value) malformed("ContourData holds a value that is no finite number");
    values.push_back(*value);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto points = whole_number(contour, DCM_NumberOfContourPoints);
  if (!points || values.size() % 3 != 0 || *points != static_cast<std::int64_t>(values.size() / 3))
    malformed("NumberOfContourPoints is " + (points ? std::to_string(*points) : "absent") + ", while ContourData has " +
              std::to_string(values.size()) + " numbers");
  return values;
}

std::vector<std::string> referred_images(DcmItem& contour) {
  std::vector<Finding> ignored;
  std::vector<std::string> uids;
  for (DcmItem* image : items_of(contour, DCM_ContourImageSequence))
    uids.push_back(DicomAttributes(*image, ignored).text(DCM_ReferencedSOPInstanceUID));
  return uids;
}

// The contours of a structure by slice.
std::map<std::int64_t, std::vector<Contour>> contours_of(DcmItem& roi, const Geometry& ct, const LabelSlices& slices) {
  std::map<std::int64_t, std::vector<Contour>> by_slice;
  std::vector<Finding> ignored;
  for (DcmItem* item : items_of(roi, DCM_ContourSequence)) {
    if (!is_closed_planar(DicomAttributes(*item, ignored).text(DCM_ContourGeometricType))) continue;
    std::optional<SliceContour> contour = place_contour(contour_points_mm(*item), ct);
    if (!contour) continue;
    slices.expect(referred_images(*item), contour->slice);
    by_slice[contour->slice].push_back(std::move(contour->outline));
  }
  return by_slice;
}

}  // namespace

std::optional<SliceContour> place_contour(std::span<const double> points_mm, const Geometry& ct) {
  constexpr double tolerance = 0.25;
  SliceContour contour;
  double lowest = HUGE_VAL, highest = -HUGE_VAL;
  for (std::size_t i = 0; i + 2 < points_mm.size(); i += 3) {
    const Vector3 index = point_to_index(ct, {points_mm[i], points_mm[i + 1], points_mm[i + 2]});
    contour.outline.push_back({index[0], index[1]});
    lowest = std::min(lowest, index[2]);
    highest = std::max(highest, index[2]);
  }
  if (contour.outline.empty() || highest < -0.5 || lowest > static_cast<double>(ct.size[2]) - 0.5) return std::nullopt;
  const double plane = std::round((lowest + highest) / 2);
  if (!(lowest >= plane - tolerance && highest <= plane + tolerance) || plane < 0 ||
      plane >= static_cast<double>(ct.size[2]))
    throw DataError(Fault::LabelMismatch, "a contour that lies on no slice of the CT: between slices, or aslant");
  contour.slice = static_cast<std::int64_t>(plane);
  return contour;
}

void decode_contours(const std::filesystem::path& path, const Geometry& ct,
                     const std::map<std::int64_t, std::uint8_t>& labels, const LabelSlices& slices,
                     std::span<std::uint8_t> voxels) {
  const DicomTree tree = parse_dicom(path);
  if (!tree.whole) malformed("it cannot be parsed to its end");
  const std::int64_t pixels = ct.size[0] * ct.size[1];
  for (DcmItem* roi : items_of(tree.data(), DCM_ROIContourSequence)) {
    const auto number = whole_number(*roi, DCM_ReferencedROINumber);
    const auto label = number ? labels.find(*number) : labels.end();
    if (label == labels.end()) continue;
    for (const auto& [slice, contours] : contours_of(*roi, ct, slices)) {
      const std::vector<std::uint8_t> inside = fill_even_odd(contours, ct.size[0], ct.size[1]);
      const auto plane = voxels.subspan(static_cast<std::size_t>(slice * pixels), static_cast<std::size_t>(pixels));
      for (std::size_t i = 0; i < inside.size(); ++i)
        if (inside[i] != 0) plane[i] = std::max(plane[i], label->second);
    }
  }
}

}  // namespace ctforge::io
