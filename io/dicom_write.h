// Synthetic CT series as DICOM files: CT Image Storage, explicit little endian, marked as synthetic throughout (PS3.3
// C.12.1.1, attribute SyntheticData; Contributing Equipment; description, derivation, patient's name).
#pragma once

#include "io/volume.h"

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

// Writes folder/CT000001.dcm ... in the order of the slices, atomically each; returns the files. HU are stored as
// signed 16-bit with slope 1 and intercept 0. UIDs follow from info, geometry and voxels alone, so that a repeated run
// writes equal files and nothing else shares a UID with them. Throws std::invalid_argument when the volume's direction
// is no rotation or its voxels do not match its size, std::system_error when a file cannot be written.
std::vector<std::filesystem::path> write_ct_series(const std::filesystem::path& folder, const Volume& volume,
                                                   const CtSeriesInfo& info);

}  // namespace ctforge::io
