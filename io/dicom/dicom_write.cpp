// CT images with DCMTK. DICOM PS3.3 A.3 (CT Image IOD) for the modules.
#include "io/dicom/dicom_write.h"

#include "io/dicom/dicom_parts.h"
#include "io/file/digest.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <stdexcept>

namespace ctforge::io {

namespace fs = std::filesystem;

namespace {

using namespace dicom;

// Tells this series from every other: a UID must never name two different objects (PS3.5 9.1).
std::string series_key(const Volume& volume, const CtSeriesInfo& info) {
  const Geometry& geometry = volume.geometry;
  std::string versions;
  for (const std::string& version : info.versions) versions += (versions.empty() ? "" : "\\") + long_string(version);
  Sha256 hash;
  for (const std::string& text :
       {info.uid_seed, info.patient_id, info.body_part, info.description, versions, info.contribution})
    hash.update(sha256_hex(text));
  hash.update(std::as_bytes(std::span(geometry.size)));
  hash.update(std::as_bytes(std::span(geometry.spacing_mm)));
  hash.update(std::as_bytes(std::span(geometry.origin_mm)));
  for (const Vector3& row : geometry.direction) hash.update(std::as_bytes(std::span(row)));
  hash.update(std::as_bytes(std::span(volume.hu)));
  return hash.hex();
}

void put_image(DcmDataset& data, const Geometry& geometry, std::int64_t slice) {
  put(data, DCM_ImageType, "DERIVED\\SECONDARY\\AXIAL");
  put(data, DCM_DerivationDescription, kDerivation);
  put(data, DCM_BurnedInAnnotation, "NO");
  put(data, DCM_InstanceNumber, std::to_string(slice + 1));
  put(data, DCM_AcquisitionNumber, "");
  put(data, DCM_KVP, "");
  put(data, DCM_PatientPosition, "HFS");
  put(data, DCM_SliceThickness, decimal(geometry.spacing_mm[2]));
  // No attribute of the CT Image IOD, but what ITK takes for the spacing of a single slice.
  put(data, DCM_SpacingBetweenSlices, decimal(geometry.spacing_mm[2]));
  put(data, DCM_ImagePositionPatient, position_of(geometry, slice));
  put(data, DCM_ImageOrientationPatient, orientation_of(geometry));
  put(data, DCM_PixelSpacing, pixel_spacing_of(geometry));
}

void put_pixels(DcmDataset& data, const Volume& volume, std::int64_t slice) {
  put_pixel_format(data, volume.geometry, 16, true);
  put(data, DCM_RescaleIntercept, "0");
  put(data, DCM_RescaleSlope, "1");
  put(data, DCM_RescaleType, "HU");
  put(data, DCM_WindowCenter, "40");
  put(data, DCM_WindowWidth, "400");
  const auto plane = static_cast<std::size_t>(volume.geometry.size[0] * volume.geometry.size[1]);
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

CtReference ct_reference(const Volume& volume, const CtSeriesInfo& info, CtForm form) {
  const Geometry& geometry = volume.geometry;
  if (!is_rotation(geometry.direction)) throw std::invalid_argument("a CT series needs orthogonal axes");
  if (geometry.voxels() != static_cast<std::int64_t>(volume.hu.size()) || volume.hu.empty() ||
      geometry.size[0] > 65535 || geometry.size[1] > 65535)
    throw std::invalid_argument("the number of voxels does not match the geometry");
  std::string key = series_key(volume, info);
  if (form == CtForm::Enhanced) key = sha256_hex(key + " enhanced");
  CtReference reference{form, key, uid_from(key + " study"), uid_from(key + " series"), uid_from(key + " frame")};
  reference.slices = geometry.size[2];
  const std::int64_t images = form == CtForm::Enhanced ? 1 : geometry.size[2];
  for (std::int64_t i = 0; i < images; ++i)
    reference.image_uids.push_back(uid_from(key + " image " + std::to_string(i)));
  return reference;
}

std::vector<fs::path> write_ct_series(const fs::path& folder, const Volume& volume, const CtSeriesInfo& info) {
  const CtReference reference = ct_reference(volume, info);
  std::vector<fs::path> files;
  for (std::int64_t slice = 0; slice < volume.geometry.size[2]; ++slice) {
    DcmFileFormat file;
    DcmDataset& data = *file.getDataset();
    put_object(data, UID_CTImageStorage, reference.image_uids[static_cast<std::size_t>(slice)], info);
    put_patient_and_study(data, info, reference.study_uid);
    put_series(data, info, "CT", reference.series_uid, 1);
    // PS3.3 C.7.3.1: Laterality is wanted of paired parts, which an unknown part may be.
    if (info.body_part.empty()) put(data, DCM_Laterality, "");
    put_frame_of_reference(data, reference.frame_of_reference_uid);
    put_image(data, volume.geometry, slice);
    put_pixels(data, volume, slice);
    char name[40];
    std::snprintf(name, sizeof name, "CT%06lld.dcm", static_cast<long long>(slice) + 1);
    files.push_back(folder / name);
    save(file, files.back());
  }
  return files;
}

}  // namespace ctforge::io
