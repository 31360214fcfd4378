// What the prepare stage tells: the fate of each series as a table and as inventory.json, and the counts in
// prepare.json.
#pragma once

#include "io/volume/inventory.h"
#include "io/volume/split.h"
#include "pipeline/prepare/prepare_plan.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// What became of one series beyond what its Series says.
struct SeriesFate {
  bool taken = false;
  io::Split split = io::Split::Train;
  std::int64_t patches = 0, dropped_empty = 0, dropped_unlabelled = 0, dropped_unclassed = 0;
  std::string content;      // HMAC-SHA-256 of its files' contents, keyed as the pseudonyms are
  std::string scan_sha256;  // equal for copies of one scan; empty for one that is a copy
};

// Kept patches of a split.
struct SplitCount {
  std::int64_t patients = 0, series = 0, patches = 0;
  std::vector<std::int64_t> classes;  // patches of each class
};

// Throws io::DataError(NothingUsable) when there is nothing to train on or, of patients held out, nothing to test on.
void require_patches(std::int64_t training, std::int64_t testing, std::int64_t series, std::int64_t refused);

// Every series with what was found; pseudonyms only. fates may be empty: nothing was decoded yet.
nlohmann::ordered_json inventory_json(const io::Inventory& inventory, const std::vector<SeriesFate>& fates);

// How many series of an inventory as JSON were refused for what, by its code.
nlohmann::ordered_json refusals_by_code(const nlohmann::ordered_json& inventory);
// Of the contents of all series taken of an inventory as JSON, whatever their order and names.
std::string input_sha256(const nlohmann::ordered_json& inventory);

// Lines for the log: how many were taken, each refused series with its fault, and faults by number. No trailing
// newlines.
std::vector<std::string> refusal_table(const io::Inventory& inventory);

// counts: in the order of io::kSplits. shards: the files (the manifest hashes them).
// listed: the inventory as JSON.
nlohmann::ordered_json prepare_json(const PreparePlan& plan, const io::Inventory& inventory,
                                    const nlohmann::ordered_json& listed, const std::vector<SeriesFate>& fates,
                                    const std::vector<SplitCount>& counts,
                                    const std::vector<std::filesystem::path>& shards);

}  // namespace ctforge::pipeline
