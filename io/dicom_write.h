// Synthetic CT series as DICOM files: CT Image Storage, explicit little endian, marked as synthetic throughout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/volume.h"

namespace ctforge::io {

// What a series says of itself besides its voxels. Nothing here may come from a real patient.
struct CtSeriesInfo {
  std::string patient_id;    // "SYN-...": also the second half of the patient's name, SYNTHETIC^...
  std::string body_part;     // BodyPartExamined, a defined term of PS3.16 annex L; may be empty
  std::string description;   // SeriesDescription; "SYNTHETIC" is put first where it is missing
  std::string uid_seed;      // any text: equal texts give equal UIDs, so that a repeated run writes equal files
  std::string model_version; // of the program and, where there is one, the checkpoint; in Contributing Equipment
};

// A UID under 2.25 (PS3.5 B.2): the first 128 bits of SHA-256 of the text, with the version and variant bits of a random
// UUID, as a decimal number.
std::string uid_from(const std::string& text);

// Writes folder/CT000001.dcm ... in the order of the slices, atomically each; returns the files. HU are stored as signed
// 16-bit with slope 1 and intercept 0. The volume's direction must be a rotation (std::invalid_argument).
std::vector<std::filesystem::path> write_ct_series(const std::filesystem::path& folder, const Volume& volume,
                                                   const CtSeriesInfo& info);

}  // namespace ctforge::io
