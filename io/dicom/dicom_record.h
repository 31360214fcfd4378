// What outlives the reading of a DICOM file: geometry, and identifiers as keyed hashes.
#pragma once

#include "io/dicom/dicom_header.h"
#include "io/volume/inventory.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ctforge::io {

// What is kept of each image until its series is complete. UIDs are kept as keyed 64-bit hashes.
struct DicomRecord {
  std::uint32_t file = 0;   // index into the list of files
  std::uint32_t frame = 0;  // of an enhanced multi-frame object
  std::uint64_t series = 0, patient = 0, object = 0;
  std::uint64_t frame_of_reference = 0;  // 0: none given
  std::uint32_t rows = 0, columns = 0;
  Vector3 position_mm = {0, 0, 0};
  std::array<Vector3, 2> orientation = {};
  std::array<double, 2> spacing_mm = {0, 0};  // x, y; 0 where invalid
  float thickness_mm = 0;
  bool positioned = false, localizer = false, typed = false, patient_known = true;
  bool burned_in = false, recognizable = false;
  std::string body_part;
  std::vector<Finding> faults;
  std::vector<std::string> notes;
};

// The 64 bits of a pseudonym: HMAC-SHA-256 of domain and text, so that equal texts of different kinds differ.
std::uint64_t pseudonym_bits(const std::string& key, std::string_view domain, std::string_view text);
// "P-" and 16 hexadecimal digits.
std::string pseudonym(char letter, std::uint64_t bits);

// The images of a file: one, or as many as an enhanced object has frames; faults and notes of the file go to each.
// index: of the file in the list. A file without SeriesInstanceUID becomes a series of its own, and so does each stack
// of a file that has several; a patient without PatientID is told apart by study.
std::vector<DicomRecord> make_records(const DicomFile& file, std::uint32_t index, const std::string& path_below_root,
                                      const std::string& key);

}  // namespace ctforge::io
