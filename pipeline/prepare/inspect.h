// The inspect command: what CT a folder holds and what is wrong with it, before anything is made of it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace ctforge::pipeline {

struct InspectConfig {
  std::string path;          // a folder or a file
  std::string image = "*";   // pattern of volume files, as io::ScanOptions::image
  std::string labels;        // pattern of label maps; empty: none
  std::string structures;    // file of structures' names, as prepare.structures; not with labels; empty: none
  bool json = false;         // else a table
  bool decode = false;       // decode voxels and label maps too
  bool paths = false;        // show file paths, which may name patients
  std::int64_t threads = 0;  // 0: as many as the machine has
};

// Series and patients are numbered; the numbers mean nothing outside this output. Returns 0 when every series found can
// be used, 3 when one was refused or none was found. Throws io::DataError(Unreadable) if the path cannot be listed,
// ConfigError for structures that cannot be read.
int inspect(const InspectConfig& config, std::ostream& out);

}  // namespace ctforge::pipeline
