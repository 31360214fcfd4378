// Patients in parallel through load, resample and cut, then in order into the shards.
#pragma once

#include "io/volume/inventory.h"
#include "pipeline/prepare/prepare.h"
#include "pipeline/prepare/prepare_plan.h"
#include "pipeline/run/context.h"

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// What a prepare stage works with, once it is known what there is and who is in which split.
struct PrepareWork {
  const PrepareConfig& config;
  const Context& context;
  const SeriesReader& reader;
  std::string key;               // of the pseudonyms
  std::string listing;           // listing_hmac_sha256 of the input
  std::filesystem::path folder;  // that the data are written to
  const PreparePlan& plan;
  Extent extent = Extent::Whole;
};

// Writes the shards, inventory.json, scans.json, of a part part_scans.json (prepare_merge.h), and, last, prepare.json,
// whose contents it returns. What became of the
// series is added to the inventory. Work that an earlier attempt saved in the folder is not done again, where it is of
// the same input, configuration and program; the rest of what it left is removed. Throws io::DataError(NothingUsable)
// when no patch of the whole was kept, and Interrupted with all finished patients saved.
nlohmann::ordered_json work_on_patients(const PrepareWork& work, io::Inventory& inventory);

// Removes shards, what was saved of them, and first the files that say the data are whole.
void remove_prepared(const std::filesystem::path& folder);

}  // namespace ctforge::pipeline
