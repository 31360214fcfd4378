// Whether the files a cohort was prepared from are still the same, told without reading them.
#pragma once

#include "pipeline/prepare/prepare.h"

#include <filesystem>
#include <string>

namespace ctforge::pipeline {

// The folder or file that is prepared: as configured, else the run's own phantom cohort.
std::filesystem::path input_of(const PrepareConfig& config, const std::filesystem::path& out);

// A keyed hash over name, size and time of change of every file in the share of the input, but for hidden ones and the
// run's own, and of the tables. Empty when anything of it cannot be listed, or nothing is there: the input may be out
// of reach where a later stage runs.
std::string listing_hmac_sha256(const PrepareConfig& config, const std::filesystem::path& out,
                                const io::TreeShare& share = {});

// True when data/prepare.json was made of another listing. False where there is none, or input, tables or key are out
// of reach.
bool input_has_changed(const PrepareConfig& config, const std::filesystem::path& out);

}  // namespace ctforge::pipeline
