// Which scans a generator learned from, by itself or through those it began with: none may be a held-out patient's.
#pragma once

#include "io/volume/split.h"

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Digests of voxels, alike for copies of one scan however it is filed and prepared (SeriesPatches::scan_sha256). They
// are in files of their own, which an export leaves out: who has a scan could tell from them whether it was learned.
using ScanSet = std::set<std::string>;

// scans[i]: of the i-th of io::kSplits. Written to scans.json in the folder of prepared data.
void write_scans(const std::filesystem::path& data, const std::vector<ScanSet>& scans);
// Of the splits that train from the folder; nothing where it was prepared without scans.json.
std::optional<ScanSet> training_scans(const std::filesystem::path& data);

// learned_scans.json in a folder of checkpoints or of pairs.
void write_learned(const std::filesystem::path& folder, const ScanSet& scans);
std::optional<ScanSet> read_learned(const std::filesystem::path& folder);

// What was learned there. Throws ConfigError, naming `key`, when it includes a scan that is held out (for validation or
// testing) in the prepared data, if there are any. Warns where that cannot be told, and then returns nothing.
std::optional<ScanSet> learned_without_held_out(const std::filesystem::path& folder, const std::filesystem::path& data,
                                                const std::string& key);

}  // namespace ctforge::pipeline
