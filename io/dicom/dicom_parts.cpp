// Shared modules with DCMTK. PS3.3 C.7 for patient, study, series and equipment; C.12.1 for the marking.
#include "io/dicom/dicom_parts.h"

#include "io/file/atomic_file.h"
#include "io/file/digest.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <system_error>

#include <version.h>

namespace ctforge::io::dicom {

namespace {

std::string long_strings(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : "\\") + long_string(value);
  return text;
}

}  // namespace

void require(const OFCondition& condition) {
  if (condition.bad()) throw std::system_error(EIO, std::generic_category(), "a DICOM file cannot be written");
}

void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
  require(item.putAndInsertString(DcmTag(tag), value.c_str()));
}

void put_number(DcmItem& item, const DcmTagKey& tag, std::uint16_t value) {
  require(item.putAndInsertUint16(DcmTag(tag), value));
}

void put_numbers(DcmItem& item, const DcmTagKey& tag, std::span<const std::uint32_t> values) {
  require(item.putAndInsertUint32Array(DcmTag(tag), values.data(), static_cast<unsigned long>(values.size())));
}

DcmItem& add_item(DcmItem& parent, const DcmTagKey& sequence) {
  DcmItem* item = nullptr;
  require(parent.findOrCreateSequenceItem(DcmTag(sequence), item, -2));  // -2: append
  return *item;
}

DcmItem& put_code(DcmItem& parent, const DcmTagKey& sequence, const Code& code) {
  DcmItem& item = add_item(parent, sequence);
  put(item, DCM_CodeValue, code.value);
  put(item, DCM_CodingSchemeDesignator, code.scheme);
  put(item, DCM_CodeMeaning, code.meaning);
  return item;
}

void put_image_reference(DcmItem& item, const CtReference& reference, std::int64_t slice) {
  const bool enhanced = reference.form == CtForm::Enhanced;
  put(item, DCM_ReferencedSOPClassUID, enhanced ? UID_EnhancedCTImageStorage : UID_CTImageStorage);
  put(item, DCM_ReferencedSOPInstanceUID, reference.image_uids.at(enhanced ? 0 : static_cast<std::size_t>(slice)));
  if (enhanced && slice >= 0) put(item, DCM_ReferencedFrameNumber, std::to_string(slice + 1));
}

void put_images(DcmItem& item, const DcmTagKey& sequence, const CtReference& reference) {
  const std::int64_t images = static_cast<std::int64_t>(reference.image_uids.size());
  for (std::int64_t image = 0; image < images; ++image)
    put_image_reference(add_item(item, sequence), reference, reference.form == CtForm::Enhanced ? -1 : image);
}

std::string decimal(double value) {
  std::array<char, 40> text{};
  for (int digits = 15; digits > 0; --digits) {
    const int length = std::snprintf(text.data(), text.size(), "%.*g", digits, value);
    if (length <= 16) return text.data();
  }
  throw std::invalid_argument("a number does not fit a DICOM decimal string");
}

std::string decimals(std::span<const double> values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : "\\") + decimal(value);
  return text;
}

std::string long_string(std::string text) {
  if (text.size() > 64) text.resize(64);
  for (char& character : text)
    if (character < ' ' || character > '~' || character == '\\') character = '_';
  return text;
}

std::string position_of(const Geometry& geometry, std::int64_t slice) {
  return decimals(index_to_point_mm(geometry, {0, 0, static_cast<double>(slice)}));
}

std::string orientation_of(const Geometry& geometry) {
  const Matrix3& d = geometry.direction;
  return decimals(std::array{d[0][0], d[1][0], d[2][0], d[0][1], d[1][1], d[2][1]});
}

std::string pixel_spacing_of(const Geometry& geometry) {
  return decimals(std::array{geometry.spacing_mm[1], geometry.spacing_mm[0]});  // between rows first
}

void put_object(DcmDataset& data, const std::string& sop_class, const std::string& sop_instance,
                const CtSeriesInfo& info) {
  put(data, DCM_SOPClassUID, sop_class);
  put(data, DCM_SOPInstanceUID, sop_instance);
  // Synthetic Data, which dictionaries older than the attribute do not know.
  require(data.putAndInsertString(DcmTag(0x0008, 0x001c, EVR_CS), "YES"));
  put(data, DCM_Manufacturer, "ctforge");
  put(data, DCM_ManufacturerModelName, "ctforge");
  DcmItem& equipment = add_item(data, DCM_ContributingEquipmentSequence);
  put(equipment, DCM_Manufacturer, "ctforge");
  put(equipment, DCM_ManufacturerModelName, "ctforge");
  if (!info.versions.empty()) put(equipment, DCM_SoftwareVersions, long_strings(info.versions));
  if (!info.contribution.empty()) put(equipment, DCM_ContributionDescription, info.contribution);
  put_code(equipment, DCM_PurposeOfReferenceCodeSequence, {"109100", "DCM", "Synthesizing Equipment"});
}

void put_patient_and_study(DcmDataset& data, const CtSeriesInfo& info, const std::string& study_uid) {
  put(data, DCM_PatientName, "SYNTHETIC^" + info.patient_id);
  put(data, DCM_PatientID, info.patient_id);
  put(data, DCM_PatientBirthDate, "");
  put(data, DCM_PatientSex, "");
  put(data, DCM_StudyInstanceUID, study_uid);
  put(data, DCM_StudyDate, "");
  put(data, DCM_StudyTime, "");
  put(data, DCM_StudyID, "");
  put(data, DCM_AccessionNumber, "");
  put(data, DCM_ReferringPhysicianName, "");
}

void put_series(DcmDataset& data, const CtSeriesInfo& info, const std::string& modality, const std::string& uid,
                int number) {
  const bool says_so = info.description.starts_with("SYNTHETIC");
  put(data, DCM_Modality, modality);
  put(data, DCM_SeriesInstanceUID, uid);
  put(data, DCM_SeriesNumber, std::to_string(number));
  put(data, DCM_SeriesDescription, long_string(says_so ? info.description : "SYNTHETIC " + info.description));
  // A structure set has no place for it: PS3.3 A.19.3.
  if (!info.body_part.empty() && modality != "RTSTRUCT") put(data, DCM_BodyPartExamined, info.body_part);
}

void put_frame_of_reference(DcmDataset& data, const std::string& uid) {
  put(data, DCM_FrameOfReferenceUID, uid);
  put(data, DCM_PositionReferenceIndicator, "");
}

void put_enhanced_equipment(DcmDataset& data, const CtSeriesInfo& info) {
  put(data, DCM_DeviceSerialNumber, "none");
  put(data, DCM_SoftwareVersions,
      info.versions.empty() ? std::string("ctforge ") + kVersion : long_strings(info.versions));
}

void put_pixel_format(DcmDataset& data, const Geometry& geometry, int bits, bool has_sign) {
  put_number(data, DCM_SamplesPerPixel, 1);
  put(data, DCM_PhotometricInterpretation, "MONOCHROME2");
  put_number(data, DCM_Rows, static_cast<std::uint16_t>(geometry.size[1]));
  put_number(data, DCM_Columns, static_cast<std::uint16_t>(geometry.size[0]));
  put_number(data, DCM_BitsAllocated, static_cast<std::uint16_t>(bits));
  put_number(data, DCM_BitsStored, static_cast<std::uint16_t>(bits));
  put_number(data, DCM_HighBit, static_cast<std::uint16_t>(bits - 1));
  put_number(data, DCM_PixelRepresentation, has_sign ? 1 : 0);
}

void put_dimensions(DcmDataset& data, const std::string& uid, std::span<const Dimension> dimensions) {
  put(add_item(data, DCM_DimensionOrganizationSequence), DCM_DimensionOrganizationUID, uid);
  for (const Dimension& dimension : dimensions) {
    DcmItem& item = add_item(data, DCM_DimensionIndexSequence);
    put(item, DCM_DimensionOrganizationUID, uid);
    require(item.putAndInsertTagKey(DCM_DimensionIndexPointer, dimension.attribute));
    require(item.putAndInsertTagKey(DCM_FunctionalGroupPointer, dimension.functional_group));
    put(item, DCM_DimensionDescriptionLabel, dimension.label);
  }
}

void put_plane_measures(DcmItem& shared, const Geometry& geometry) {
  put(add_item(shared, DCM_PlaneOrientationSequence), DCM_ImageOrientationPatient, orientation_of(geometry));
  DcmItem& measures = add_item(shared, DCM_PixelMeasuresSequence);
  put(measures, DCM_SliceThickness, decimal(geometry.spacing_mm[2]));
  put(measures, DCM_SpacingBetweenSlices, decimal(geometry.spacing_mm[2]));
  put(measures, DCM_PixelSpacing, pixel_spacing_of(geometry));
}

void put_plane_position(DcmItem& frame, const Geometry& geometry, std::int64_t slice) {
  put(add_item(frame, DCM_PlanePositionSequence), DCM_ImagePositionPatient, position_of(geometry, slice));
}

void put_referenced_series(DcmDataset& data, const CtReference& reference) {
  DcmItem& series = add_item(data, DCM_ReferencedSeriesSequence);
  put(series, DCM_SeriesInstanceUID, reference.series_uid);
  put_images(series, DCM_ReferencedInstanceSequence, reference);
}

void check_labels(const LabelMap& labels, const std::vector<std::string>& names, const CtReference& reference) {
  if (labels.geometry.voxels() != static_cast<std::int64_t>(labels.label.size()) || labels.label.empty())
    throw std::invalid_argument("the number of labelled voxels does not match the geometry");
  if (labels.geometry.size[2] != reference.slices) throw std::invalid_argument("the CT has another number of slices");
  if (names.size() < 2) throw std::invalid_argument("a label map needs a name besides the background's");
  if (*std::max_element(labels.label.begin(), labels.label.end()) >= names.size())
    throw std::invalid_argument("a label has no name");
}

std::string labels_key(const std::string& kind, const LabelMap& labels, const std::vector<std::string>& names,
                       const CtReference& reference) {
  Sha256 hash;
  hash.update(kind + " " + reference.key);
  for (const std::string& name : names) hash.update(sha256_hex(name));
  hash.update(std::as_bytes(std::span(labels.label)));
  return hash.hex();
}

void save(DcmFileFormat& file, const std::filesystem::path& path, bool implicit) {
  const E_TransferSyntax syntax = implicit ? EXS_LittleEndianImplicit : EXS_LittleEndianExplicit;
  write_atomically_by_name(path,
                           [&](const std::filesystem::path& part) { require(file.saveFile(part.c_str(), syntax)); });
}

}  // namespace ctforge::io::dicom
