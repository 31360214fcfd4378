// Synthetic CT series as DICOM files: CT Image Storage, explicit little endian, marked as synthetic throughout (PS3.3
// C.12.1.1, attribute SyntheticData; Contributing Equipment; description, derivation, patient's name).
#pragma once

#include "io/volume/volume.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::io {

// What a series says of itself besides its voxels. Nothing here may come from a real patient. Texts are cut to 64
// characters of ASCII, as attributes of type LO without a character set hold them (PS3.5 table 6.2-1).
struct CtSeriesInfo {
  std::string patient_id;   // "SYN-...": also the second half of the patient's name, SYNTHETIC^...
  std::string body_part;    // BodyPartExamined, a defined term of PS3.16 annex L; may be empty
  std::string description;  // SeriesDescription; "SYNTHETIC" is put first where it is missing
  std::string uid_seed;     // any text that tells this series from others of equal voxels
  // In Contributing Equipment: the versions of the program and, where there is one, of the model, and what they did:
  // with which seed, from which checkpoint (at most 1024 characters). May be empty.
  std::vector<std::string> versions;
  std::string contribution;
};

// A UID under 2.25 (PS3.5 B.2): the first 128 bits of SHA-256 of the text, with the version and variant bits of a
// random UUID, as a decimal number.
std::string uid_from(const std::string& text);

enum class CtForm : std::uint8_t {
  Series,    // one CT Image Storage object a slice
  Enhanced,  // one Enhanced CT Image Storage object of a frame a slice
};

// The UIDs of a CT, by which segmentations and structure sets of it refer to it.
struct CtReference {
  CtForm form = CtForm::Series;
  std::string key;  // 64 hexadecimal digits that follow from everything the CT says: equal for equal CT alone
  std::string study_uid, series_uid, frame_of_reference_uid;
  std::vector<std::string> image_uids;  // of each slice; form Enhanced: one, whose frames are the slices
  std::int64_t slices = 0;
};

// Follows from form, info, geometry and voxels alone, so that a repeated run writes equal files and nothing else shares
// a UID with them (PS3.5 9.1). Throws std::invalid_argument when the volume's direction is no rotation, its voxels do
// not match its size, or a side has more than 65535.
CtReference ct_reference(const Volume& volume, const CtSeriesInfo& info, CtForm form = CtForm::Series);

// Writes folder/CT000001.dcm ... in the order of the slices, atomically each; returns the files. HU are stored as
// signed 16-bit with slope 1 and intercept 0, under the UIDs of ct_reference(), whose errors it throws;
// std::system_error when a file cannot be written.
std::vector<std::filesystem::path> write_ct_series(const std::filesystem::path& folder, const Volume& volume,
                                                   const CtSeriesInfo& info);

}  // namespace ctforge::io
