// The user's file of which structure of DICOM SEG and RTSTRUCT becomes which label.
#pragma once

#include "io/labels/structure_map.h"

#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::pipeline {

struct StructureNames {
  std::vector<std::string> labels;  // names of the label values from 0, the background, on
  io::StructureMap map;
};

// A YAML or JSON map from structures' names (io/labels/structure_map.h: * stands for anything) to labels' names; the
// first label's name leaves a structure out. labels: the names of the values; empty: "background", then the labels in
// the order in which the file has them. Throws ConfigError, with all problems, for a file that cannot be read or holds
// anything else, names a label that is not among labels, or gives one of them no structure.
StructureNames read_structure_names(const std::filesystem::path& path, const std::vector<std::string>& labels);

}  // namespace ctforge::pipeline
