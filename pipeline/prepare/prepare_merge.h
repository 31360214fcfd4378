// Parts of an archive that were prepared apart, put together as if they had been one.
//
// What no part can see alone is judged here: one scan under two patients of different parts, a patient's scan filed
// twice, and a series whose files lie in two parts. A scan counts for the patient it is met with first: those to train
// on before those for validation and testing, and by pseudonym among them, as where all is prepared at once.
#pragma once

#include "io/volume/inventory.h"
#include "pipeline/prepare/prepare.h"
#include "pipeline/prepare/prepare_plan.h"
#include "pipeline/prepare/prepare_report.h"
#include "pipeline/run/context.h"

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// part_scans.json in the folder of a part: the digest of each scan taken, whose it is, and how many rows a class table
// has. No more than the shards and inventory.json of the part say, and gone when the parts are put together.
void write_part_scans(const std::filesystem::path& folder, const PreparePlan& plan, const io::Inventory& inventory,
                      const std::vector<SeriesFate>& fates);

// Writes the shards (as links to those of the parts, where the file system allows it and nothing is left out of them),
// inventory.json, scans.json and, last, prepare.json into data, and returns its contents. parts: folders in their
// order, each finished. listing: of the whole input. Throws io::DataError as run_prepare does, and Interrupted.
nlohmann::ordered_json merge_parts(const PrepareConfig& config, const Context& context,
                                   const std::filesystem::path& data, const std::vector<std::filesystem::path>& parts,
                                   const std::string& listing);

}  // namespace ctforge::pipeline
