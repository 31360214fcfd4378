// Preparing an archive in parts that run apart, as the jobs of an array do.
//
// OUT/data/parts/I-of-N/ holds what a data folder holds, of one share of the input (io/file/tree_share.h), with
// part.json naming the settings it was begun with. A part is finished once its prepare.json is there.
#pragma once

#include "io/file/tree_share.h"
#include "pipeline/prepare/prepare.h"
#include "pipeline/run/context.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Throws ConfigError, listing all of them, for settings that need the whole archive: a split drawn from all patients,
// classes of the body parts found, sizes and spacings taken from the series; and for an input that is one file.
void check_prepare_parts(const PrepareConfig& config);

class PrepareParts {
 public:
  // key: of the pseudonyms. Only parts begun with the same settings, seed and program are seen.
  PrepareParts(const PrepareConfig& config, const Context& context, const std::string& key);

  // Prepares a share of the input into a folder.
  using Work =
      std::function<void(const std::filesystem::path& folder, const io::TreeShare& share, const std::string& listing)>;
  // Does one part with work, unless it is finished and its share of the input as it was.
  void prepare(const Part& part, const Work& work) const;
  // Into how many parts the input is divided where any was begun. Parts of other settings, or of several divisions at
  // once, are removed: the whole is then prepared anew.
  std::optional<std::int64_t> divided() const;
  std::vector<std::filesystem::path> folders(std::int64_t count) const;
  void remove() const;

 private:
  std::filesystem::path folder(std::int64_t index, std::int64_t count) const;
  const PrepareConfig& config_;
  const Context& context_;
  std::filesystem::path parts_;
  std::string settings_;  // a keyed hash
};

}  // namespace ctforge::pipeline
