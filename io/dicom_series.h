// CT images grouped into series, sorted by position, and judged as volumes.
#pragma once

#include "io/dicom_header.h"
#include "io/inventory.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::io {

// What is kept of each file until its series is complete. UIDs are kept as keyed 64-bit hashes.
struct DicomRecord {
  std::uint32_t file = 0;  // index into the list of files
  std::uint64_t series = 0, patient = 0, object = 0;
  std::uint64_t frame_of_reference = 0;  // 0: none given
  std::uint32_t rows = 0, columns = 0;
  Vector3 position_mm = {0, 0, 0};
  std::array<Vector3, 2> orientation = {};
  std::array<double, 2> spacing_mm = {0, 0};  // x, y; 0 where invalid
  float thickness_mm = 0;
  bool positioned = false, localizer = false, typed = false, patient_known = true;
  std::string body_part;
  std::vector<Finding> faults;
  std::vector<std::string> notes;
};

// The 64 bits of a pseudonym: HMAC-SHA-256 of domain and text, so that equal texts of different kinds differ.
std::uint64_t pseudonym_bits(const std::string& key, std::string_view domain, std::string_view text);
// "P-" and 16 hexadecimal digits.
std::string pseudonym(char letter, std::uint64_t bits);

// file: index of the file the header came from. A file without SeriesInstanceUID becomes a series of its own; a patient
// without PatientID is told apart by study.
DicomRecord make_record(const DicomFile& file, std::uint32_t index, const std::string& path_below_root,
                        const std::string& key);

// All records of one series, of which at least one is no localizer by ImageType. Copies of one object with identical
// bytes are dropped and localizers left out, both with a note. Slices are sorted along the normal row x column (PS3.3
// C.7.6.2.1.1), never by SliceLocation or InstanceNumber; direction is (row, column, normal), so right-handed, and
// spacing z is the mean distance along it. Accepted are: in-plane offsets of slice positions up to a quarter of a
// pixel, and slice distances within options.spacing_tolerance of their median. A single slice has its SliceThickness as
// spacing.
Series build_series(std::vector<DicomRecord> records, const std::vector<std::filesystem::path>& files,
                    const ScanOptions& options);

}  // namespace ctforge::io
