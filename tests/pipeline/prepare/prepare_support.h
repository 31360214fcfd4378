// A small cohort in memory for the tests of the prepare stage.
#pragma once

#include "pipeline/prepare/prepare.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ctforge::test {

// Series of water cylinders in air with a label in the middle, decoded from memory.
class Cohort {
 public:
  // Series "name" of patient "P-<patient>": 20 x 16 x 6 voxels of 2 x 2 x 5 mm; slices 0 and 5 are air. Label `label`
  // fills a 4 x 4 column of slices 1..4 (0: no label map).
  io::Series& add(const std::string& patient, const std::string& name, std::uint8_t label = 1);
  // The voxels of a series, to be changed before the run.
  io::Volume& volume(const io::Series& series) { return volumes_.at(series.id); }
  io::LabelMap& labels(const io::Series& series) { return labels_.at(series.id); }
  io::Series& series(std::size_t index) { return inventory.series[index]; }
  // Decoding the series with this name fails.
  void refuse_when_decoding(const std::string& name) { broken_ = name; }
  pipeline::SeriesReader reader() const;

  io::Inventory inventory;

 private:
  std::map<std::string, io::Volume> volumes_;
  std::map<std::string, io::LabelMap> labels_;
  std::string broken_;
};

// Patches of 8 x 8 about the body, labels "background" and "a" to "c", none held out.
pipeline::PrepareConfig small_config();
pipeline::Context context_in(const std::filesystem::path& out);

}  // namespace ctforge::test
