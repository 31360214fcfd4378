// Position, spacing and rescaling of each image, from the data set or from functional groups.
#include "io/dicom/dicom_frame.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace ctforge::io {

namespace {

// Where the attributes of one frame lie; all the same for a classic object.
struct FrameItems {
  DcmItem* position;
  DcmItem* orientation;
  DcmItem* measures;
  DcmItem* values;
  DcmItem* type;
};

bool near_unit(const Vector3& v) { return std::abs(std::sqrt(dot(v, v)) - 1) < 1e-3; }

void read_position(DcmItem& item, DicomFrame& frame, std::vector<Finding>& faults) {
  DicomAttributes attributes(item, faults);
  const std::vector<double> position =
      attributes.decimals(DCM_ImagePositionPatient, "ImagePositionPatient", 3, Fault::MalformedDicom);
  if (!position.empty()) frame.position_mm = Vector3{position[0], position[1], position[2]};
  if (!attributes.has(DCM_ImagePositionPatient)) faults.push_back({Fault::MissingPosition, "no ImagePositionPatient"});
}

void read_orientation(DcmItem& item, DicomFrame& frame, std::vector<Finding>& faults) {
  DicomAttributes attributes(item, faults);
  const std::vector<double> cosines =
      attributes.decimals(DCM_ImageOrientationPatient, "ImageOrientationPatient", 6, Fault::MalformedDicom);
  if (!cosines.empty()) {
    const Vector3 row = {cosines[0], cosines[1], cosines[2]}, column = {cosines[3], cosines[4], cosines[5]};
    if (near_unit(row) && near_unit(column) && std::abs(dot(row, column)) < 1e-3)
      frame.orientation = std::array{row, column};
    else
      faults.push_back({Fault::MalformedDicom, "ImageOrientationPatient is not two unit vectors at right angles"});
  }
  if (!attributes.has(DCM_ImageOrientationPatient))
    faults.push_back({Fault::MissingPosition, "no ImageOrientationPatient"});
}

void read_spacing(DcmItem& item, DicomFrame& frame, std::vector<Finding>& faults) {
  DicomAttributes attributes(item, faults);
  const std::vector<double> spacing =
      attributes.decimals(DCM_PixelSpacing, "PixelSpacing", 2, Fault::InvalidPixelSpacing);
  if (!attributes.has(DCM_PixelSpacing)) faults.push_back({Fault::InvalidPixelSpacing, "no PixelSpacing"});
  if (!spacing.empty() && !(spacing[0] > 0 && spacing[1] > 0))
    faults.push_back({Fault::InvalidPixelSpacing, "PixelSpacing is zero or negative"});
  else if (!spacing.empty())
    frame.spacing_mm = {spacing[1], spacing[0]};  // PS3.3 10.7.1.3: between rows first
  // A damaged SliceThickness harms nothing: positions tell the distances.
  const std::string thickness = attributes.text(DCM_SliceThickness);
  if (const auto value = parse_decimal(thickness); value && *value > 0) frame.thickness_mm = *value;
}

void read_rescale(DcmItem& item, DicomFrame& frame, std::vector<Finding>& faults, std::vector<std::string>& notes) {
  DicomAttributes attributes(item, faults);
  const std::vector<double> slope = attributes.decimals(DCM_RescaleSlope, "RescaleSlope", 1, Fault::InvalidRescale);
  const std::vector<double> intercept =
      attributes.decimals(DCM_RescaleIntercept, "RescaleIntercept", 1, Fault::InvalidRescale);
  if (!attributes.has(DCM_RescaleSlope) || !attributes.has(DCM_RescaleIntercept))
    faults.push_back({Fault::MissingRescale, "no RescaleSlope or RescaleIntercept: HU unknown"});
  if (!slope.empty() && slope[0] == 0) faults.push_back({Fault::InvalidRescale, "RescaleSlope is zero"});
  if (!slope.empty()) frame.slope = slope[0];
  if (!intercept.empty()) frame.intercept = intercept[0];
  // PS3.3 C.11.1.1.2. Absent means HU for CT; US says that nothing was specified.
  const std::string type = attributes.text(DCM_RescaleType);
  if (type == "US")
    notes.emplace_back("RescaleType is unspecified; taken as HU");
  else if (!type.empty() && type != "HU")
    faults.push_back({Fault::MissingRescale, "RescaleType is not HU"});
}

void read_type(const std::vector<std::string>& type, DicomFrame& frame) {
  frame.typed = type.size() >= 3 && !type[2].empty();
  frame.localizer = frame.typed && type[2] == "LOCALIZER";
}

// Whether a derived pixel contrast is one whose result is HU as its sources are.
bool keeps_hu(std::string_view contrast) {
  constexpr std::array<std::string_view, 8> kinds = {"",        "NONE",   "MEAN",      "MAXIMUM",
                                                     "MINIMUM", "MEDIAN", "RESAMPLED", "FILTERED"};
  return std::find(kinds.begin(), kinds.end(), contrast) != kinds.end();
}

DicomFrame read_frame(const FrameItems& items, std::vector<Finding>& faults, std::vector<std::string>& notes) {
  DicomFrame frame;
  read_position(*items.position, frame, faults);
  read_orientation(*items.orientation, frame, faults);
  read_spacing(*items.measures, frame, faults);
  read_rescale(*items.values, frame, faults, notes);
  return frame;
}

// Functional groups of one frame. A macro that is nowhere is an empty item, so that its attributes are missing.
class FunctionalGroups {
 public:
  FunctionalGroups(DcmItem* own, DcmItem* shared, DcmItem& nothing) : own_(own), shared_(shared), nothing_(nothing) {}
  DcmItem* find(const DcmTagKey& macro) const {
    std::vector<Finding> ignored;
    for (DcmItem* group : {own_, shared_}) {
      if (group == nullptr) continue;
      const std::vector<DcmItem*> items = DicomAttributes(*group, ignored).items(macro);
      if (!items.empty()) return items.front();
    }
    return &nothing_;
  }

 private:
  DcmItem* own_;
  DcmItem* shared_;
  DcmItem& nothing_;
};

DicomFrame read_enhanced_frame(const FunctionalGroups& groups, const std::vector<std::string>& image_type,
                               std::vector<Finding>& faults, std::vector<std::string>& notes) {
  const FrameItems items = {groups.find(DCM_PlanePositionSequence), groups.find(DCM_PlaneOrientationSequence),
                            groups.find(DCM_PixelMeasuresSequence), groups.find(DCM_PixelValueTransformationSequence),
                            groups.find(DCM_CTImageFrameTypeSequence)};
  DicomFrame frame = read_frame(items, faults, notes);
  std::vector<std::string> type = DicomAttributes(*items.type, faults).texts(DCM_FrameType);
  if (type.empty()) type = image_type;
  read_type(type, frame);
  const bool told_hu = DicomAttributes(*items.values, faults).text(DCM_RescaleType) == "HU";
  if (type.size() > 3 && !keeps_hu(type[3]) && !told_hu)
    faults.push_back({Fault::NotCt, "frames of derived values, as of perfusion, that are not said to be HU"});
  frame.stack = DicomAttributes(*groups.find(DCM_FrameContentSequence), faults).text(DCM_StackID);
  return frame;
}

bool same(const Finding& a, const Finding& b) { return a.fault == b.fault && a.message == b.message; }

}  // namespace

void read_single_frame(DcmItem& data, DicomFile& file) {
  DicomFrame frame = read_frame({&data, &data, &data, &data, &data}, file.faults, file.notes);
  read_type(DicomAttributes(data, file.faults).texts(DCM_ImageType), frame);
  file.header.frames.push_back(frame);
}

void read_enhanced_frames(DcmItem& data, DicomFile& file) {
  const DicomAttributes attributes(data, file.faults);
  const std::vector<DcmItem*> shared = attributes.items(DCM_SharedFunctionalGroupsSequence);
  const std::vector<DcmItem*> own = attributes.items(DCM_PerFrameFunctionalGroupsSequence);
  const std::vector<std::string> image_type = attributes.texts(DCM_ImageType);
  const std::string number = attributes.text(DCM_NumberOfFrames);
  std::int64_t frames = 0;
  std::from_chars(number.data(), number.data() + number.size(), frames);
  if (frames < 1 || frames != static_cast<std::int64_t>(own.size())) {
    file.faults.push_back({Fault::MalformedDicom, "NumberOfFrames and the functional groups of frames disagree"});
    return;
  }
  file.header.pixels.frames = frames;
  DcmItem nothing;
  for (DcmItem* each : own) {
    std::vector<Finding> faults;
    std::vector<std::string> notes;
    const FunctionalGroups groups(each, shared.empty() ? nullptr : shared.front(), nothing);
    file.header.frames.push_back(read_enhanced_frame(groups, image_type, faults, notes));
    for (const Finding& fault : faults)
      if (std::none_of(file.faults.begin(), file.faults.end(), [&](const Finding& f) { return same(f, fault); }))
        file.faults.push_back(fault);
    for (const std::string& note : notes)
      if (std::find(file.notes.begin(), file.notes.end(), note) == file.notes.end()) file.notes.push_back(note);
  }
}

}  // namespace ctforge::io
