// The structures command: which names DICOM SEG and RTSTRUCT give to what they draw, to begin prepare.structures with.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace ctforge::pipeline {

struct StructuresConfig {
  std::string path;          // a folder or a file
  bool json = false;         // else a table
  std::int64_t threads = 0;  // 0: as many as the machine has
};

// Names as their site wrote them, with the number of usable series that have each; control characters become '?'.
// Returns 0, or 3 when none was found. Throws io::DataError(Unreadable) if the path cannot be listed.
int list_structures(const StructuresConfig& config, std::ostream& out);

}  // namespace ctforge::pipeline
