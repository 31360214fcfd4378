// Work that another run has done already and this one would do alike.
#pragma once

#include "pipeline/config/config.h"

#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Takes from another run's folder what it has done of the stages with the same fingerprints, as links to the same
// files where the file system allows it. What `out` has done itself stays.
void adopt_stages(const Config& config, const std::vector<std::string>& stages, const std::filesystem::path& other,
                  const std::filesystem::path& out);

// Takes the autoencoder that another run, finished with `theirs`, trained on the same data, where this one would train
// the same. What `out` has begun itself stays.
void adopt_autoencoder(const Config& config, const Config& theirs, const std::filesystem::path& other,
                       const std::filesystem::path& out);

// Takes the features that another run's evaluation has, which are kept by what they were taken of, unless `out` has
// some.
void adopt_features(const std::filesystem::path& other, const std::filesystem::path& out);

}  // namespace ctforge::pipeline
