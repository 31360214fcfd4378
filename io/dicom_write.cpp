// CT images with DCMTK. DICOM PS3.3 A.3 (CT Image IOD) for the modules; PS3.3 C.12.1 for the marking as synthetic.
#include "io/dicom_write.h"

#include "io/atomic_file.h"
#include "io/digest.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <system_error>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::io {

namespace fs = std::filesystem;

namespace {

void require(const OFCondition& condition) {
  if (condition.bad()) throw std::system_error(EIO, std::generic_category(), "a DICOM file cannot be written");
}

void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
  require(item.putAndInsertString(DcmTag(tag), value.c_str()));
}

// A decimal string of at most 16 characters (PS3.5 table 6.2-1) that is as near to the value as they allow.
std::string decimal(double value) {
  std::array<char, 40> text{};
  for (int digits = 15; digits > 0; --digits) {
    const int length = std::snprintf(text.data(), text.size(), "%.*g", digits, value);
    if (length <= 16) return text.data();
  }
  throw std::invalid_argument("a number does not fit a DICOM decimal string");
}

std::string decimals(std::initializer_list<double> values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : "\\") + decimal(value);
  return text;
}

// Text of type LO: at most 64 characters, of ASCII as no other character set is declared, without the separator of
// values.
std::string long_string(std::string text) {
  if (text.size() > 64) text.resize(64);
  for (char& character : text)
    if (character < ' ' || character > '~' || character == '\\') character = '_';
  return text;
}

std::string long_strings(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : "\\") + long_string(value);
  return text;
}

// Tells this series from every other: a UID must never name two different objects (PS3.5 9.1).
std::string series_key(const Volume& volume, const CtSeriesInfo& info) {
  const Geometry& geometry = volume.geometry;
  Sha256 hash;
  for (const std::string& text : {info.uid_seed, info.patient_id, info.body_part, info.description,
                                  long_strings(info.versions), info.contribution})
    hash.update(sha256_hex(text));
  hash.update(std::as_bytes(std::span(geometry.size)));
  hash.update(std::as_bytes(std::span(geometry.spacing_mm)));
  hash.update(std::as_bytes(std::span(geometry.origin_mm)));
  for (const Vector3& row : geometry.direction) hash.update(std::as_bytes(std::span(row)));
  hash.update(std::as_bytes(std::span(volume.hu)));
  return hash.hex();
}

void put_patient_and_study(DcmDataset& data, const CtSeriesInfo& info, const std::string& key) {
  put(data, DCM_PatientName, "SYNTHETIC^" + info.patient_id);
  put(data, DCM_PatientID, info.patient_id);
  put(data, DCM_PatientBirthDate, "");
  put(data, DCM_PatientSex, "");
  put(data, DCM_StudyInstanceUID, uid_from(key + " study"));
  put(data, DCM_StudyDate, "");
  put(data, DCM_StudyTime, "");
  put(data, DCM_StudyID, "");
  put(data, DCM_AccessionNumber, "");
  put(data, DCM_ReferringPhysicianName, "");
}

void put_equipment(DcmDataset& data, const CtSeriesInfo& info) {
  put(data, DCM_Manufacturer, "ctforge");
  put(data, DCM_ManufacturerModelName, "ctforge");
  DcmItem* equipment = nullptr;
  require(data.findOrCreateSequenceItem(DCM_ContributingEquipmentSequence, equipment, 0));
  put(*equipment, DCM_Manufacturer, "ctforge");
  put(*equipment, DCM_ManufacturerModelName, "ctforge");
  if (!info.versions.empty()) put(*equipment, DCM_SoftwareVersions, long_strings(info.versions));
  if (!info.contribution.empty()) put(*equipment, DCM_ContributionDescription, info.contribution);
  DcmItem* purpose = nullptr;
  require(equipment->findOrCreateSequenceItem(DCM_PurposeOfReferenceCodeSequence, purpose, 0));
  put(*purpose, DCM_CodeValue, "109100");
  put(*purpose, DCM_CodingSchemeDesignator, "DCM");
  put(*purpose, DCM_CodeMeaning, "Synthesizing Equipment");
}

void put_series(DcmDataset& data, const CtSeriesInfo& info, const std::string& key) {
  const bool says_so = info.description.starts_with("SYNTHETIC");
  put(data, DCM_Modality, "CT");
  put(data, DCM_SeriesInstanceUID, uid_from(key + " series"));
  put(data, DCM_SeriesNumber, "1");
  put(data, DCM_SeriesDescription, long_string(says_so ? info.description : "SYNTHETIC " + info.description));
  // PS3.3 C.7.3.1: Laterality is wanted of paired parts, which an unknown part may be.
  if (info.body_part.empty())
    put(data, DCM_Laterality, "");
  else
    put(data, DCM_BodyPartExamined, info.body_part);
  put(data, DCM_PatientPosition, "HFS");
  put(data, DCM_FrameOfReferenceUID, uid_from(key + " frame"));
  put(data, DCM_PositionReferenceIndicator, "");
}

void put_image(DcmDataset& data, const Volume& volume, const std::string& key, std::int64_t slice) {
  const Geometry& geometry = volume.geometry;
  const Matrix3& d = geometry.direction;
  const Vector3 position = index_to_point_mm(geometry, {0, 0, static_cast<double>(slice)});
  put(data, DCM_SOPClassUID, UID_CTImageStorage);
  put(data, DCM_SOPInstanceUID, uid_from(key + " image " + std::to_string(slice)));
  // Synthetic Data, which dictionaries older than the attribute do not know.
  require(data.putAndInsertString(DcmTag(0x0008, 0x001c, EVR_CS), "YES"));
  put(data, DCM_ImageType, "DERIVED\\SECONDARY\\AXIAL");
  put(data, DCM_DerivationDescription, "SYNTHETIC: made by a computer, shows no patient");
  put(data, DCM_BurnedInAnnotation, "NO");
  put(data, DCM_InstanceNumber, std::to_string(slice + 1));
  put(data, DCM_AcquisitionNumber, "");
  put(data, DCM_KVP, "");
  put(data, DCM_SliceThickness, decimal(geometry.spacing_mm[2]));
  // No attribute of the CT Image IOD, but what ITK takes for the spacing of a single slice.
  put(data, DCM_SpacingBetweenSlices, decimal(geometry.spacing_mm[2]));
  put(data, DCM_ImagePositionPatient, decimals({position[0], position[1], position[2]}));
  put(data, DCM_ImageOrientationPatient, decimals({d[0][0], d[1][0], d[2][0], d[0][1], d[1][1], d[2][1]}));
  put(data, DCM_PixelSpacing, decimals({geometry.spacing_mm[1], geometry.spacing_mm[0]}));  // rows first
}

void put_pixels(DcmDataset& data, const Volume& volume, std::int64_t slice) {
  const auto rows = static_cast<Uint16>(volume.geometry.size[1]);
  const auto columns = static_cast<Uint16>(volume.geometry.size[0]);
  require(data.putAndInsertUint16(DCM_SamplesPerPixel, 1));
  put(data, DCM_PhotometricInterpretation, "MONOCHROME2");
  require(data.putAndInsertUint16(DCM_Rows, rows));
  require(data.putAndInsertUint16(DCM_Columns, columns));
  require(data.putAndInsertUint16(DCM_BitsAllocated, 16));
  require(data.putAndInsertUint16(DCM_BitsStored, 16));
  require(data.putAndInsertUint16(DCM_HighBit, 15));
  require(data.putAndInsertUint16(DCM_PixelRepresentation, 1));
  put(data, DCM_RescaleIntercept, "0");
  put(data, DCM_RescaleSlope, "1");
  put(data, DCM_RescaleType, "HU");
  put(data, DCM_WindowCenter, "40");
  put(data, DCM_WindowWidth, "400");
  const std::size_t plane = static_cast<std::size_t>(rows) * columns;
  const std::int16_t* first = volume.hu.data() + static_cast<std::size_t>(slice) * plane;
  require(data.putAndInsertUint16Array(DCM_PixelData, reinterpret_cast<const Uint16*>(first),
                                       static_cast<unsigned long>(plane)));
}

}  // namespace

std::string uid_from(const std::string& text) {
  const std::string hex = sha256_hex(text);
  std::array<unsigned, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<unsigned>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
  bytes[6] = (bytes[6] & 0x0fU) | 0x40U;  // version 4
  bytes[8] = (bytes[8] & 0x3fU) | 0x80U;  // variant of RFC 4122
  // Base 256 to base 10 by repeated division.
  std::string digits;
  while (std::any_of(bytes.begin(), bytes.end(), [](unsigned byte) { return byte != 0; })) {
    unsigned remainder = 0;
    for (unsigned& byte : bytes) {
      const unsigned value = remainder * 256 + byte;
      byte = value / 10;
      remainder = value % 10;
    }
    digits += static_cast<char>('0' + remainder);
  }
  return "2.25." + std::string(digits.rbegin(), digits.rend());
}

std::vector<fs::path> write_ct_series(const fs::path& folder, const Volume& volume, const CtSeriesInfo& info) {
  const Geometry& geometry = volume.geometry;
  if (!is_rotation(geometry.direction)) throw std::invalid_argument("a CT series needs orthogonal axes");
  if (geometry.voxels() != static_cast<std::int64_t>(volume.hu.size()) || volume.hu.empty() ||
      geometry.size[0] > 65535 || geometry.size[1] > 65535)
    throw std::invalid_argument("the number of voxels does not match the geometry");
  const std::string key = series_key(volume, info);
  std::vector<fs::path> files;
  for (std::int64_t slice = 0; slice < geometry.size[2]; ++slice) {
    DcmFileFormat file;
    DcmDataset& data = *file.getDataset();
    put_image(data, volume, key, slice);
    put_patient_and_study(data, info, key);
    put_series(data, info, key);
    put_equipment(data, info);
    put_pixels(data, volume, slice);
    char name[40];
    std::snprintf(name, sizeof name, "CT%06lld.dcm", static_cast<long long>(slice) + 1);
    files.push_back(folder / name);
    write_atomically_by_name(
        files.back(), [&](const fs::path& part) { require(file.saveFile(part.c_str(), EXS_LittleEndianExplicit)); });
  }
  return files;
}

}  // namespace ctforge::io
