// Which SEG and RTSTRUCT objects label which series, by keyed hashes of their UIDs.
#pragma once

#include "io/labels/label_object.h"
#include "io/volume/inventory.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ctforge::io {

// What is kept of each label object until all series are known. UIDs are kept as keyed 64-bit hashes.
struct LabelRecord {
  struct Structure {
    LabelStructure structure;
    std::uint64_t frame_of_reference = 0;  // 0: not told
  };
  std::uint32_t file = 0;  // index into the list of files
  LabelObjectKind kind = LabelObjectKind::Segmentation;
  std::uint64_t object = 0;
  std::uint64_t patient = 0;                  // 0: no PatientID
  std::vector<std::uint64_t> series, images;  // that it refers to
  std::vector<Structure> structures;          // that the map names
  std::size_t unnamed = 0;                    // structures that it does not
  std::vector<Finding> faults;
  std::vector<std::string> notes;
};

// What label objects find a series by.
struct SeriesLinks {
  std::uint64_t series = 0;
  std::uint64_t patient = 0;
  std::uint64_t frame_of_reference = 0;  // 0: none given
  std::vector<std::uint64_t> images;
};

// "segmentation" or "structure set".
const char* label_object_name(LabelObjectKind kind);

LabelRecord make_label_record(const LabelObjectHeader& header, LabelObjectKind kind, std::uint32_t file,
                              const std::string& path_below_root, const ScanOptions& options);

// Gives the series their label objects, as ScanOptions::structures says; links are those of the series, in their order.
// What is wrong with an object, or with two of one series, refuses the series. Counts what became of the objects in
// skipped; an identical copy of one is passed over.
void attach_labels(const std::vector<LabelRecord>& records, const std::vector<SeriesLinks>& links,
                   const std::vector<std::filesystem::path>& files, std::vector<Series>& series,
                   std::map<std::string, std::int64_t>& skipped);

}  // namespace ctforge::io
