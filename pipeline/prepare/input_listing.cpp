// Listing files and comparing with what was listed.
#include "pipeline/prepare/input_listing.h"

#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/prepare/patient_key.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

// Nothing for a file that went while it was listed.
std::string line_of(const fs::path& file, const std::string& name) {
  std::error_code gone;
  const auto size = fs::file_size(file, gone);
  if (gone) return {};
  const auto changed = fs::last_write_time(file, gone).time_since_epoch().count();
  return gone ? "" : name + " " + std::to_string(size) + " " + std::to_string(changed) + "\n";
}

// Files that systems leave beside the data (.nfs..., .DS_Store), and ours when the run's folder lies below the input.
bool concerns_nobody(const fs::path& path, const fs::path& out) {
  std::error_code error;
  return path.filename().string().starts_with(".") || fs::equivalent(path, out, error);
}

// The lines of all files below a folder; none when any part of it cannot be listed.
std::vector<std::string> lines_below(const fs::path& folder, const fs::path& out, const io::TreeShare& share) {
  std::vector<std::string> lines;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    const std::string name = entry->path().lexically_relative(folder).generic_string();
    const bool real_folder = entry->is_directory(gone) && !entry->is_symlink(gone);
    if (concerns_nobody(entry->path(), out) || !io::in_share(share, name, real_folder)) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file(gone) && !entry->is_symlink(gone)) {
      lines.push_back(line_of(entry->path(), name));
    }
  }
  if (error) return {};
  return lines;
}

}  // namespace

fs::path input_of(const PrepareConfig& config, const fs::path& out) {
  return config.input.empty() ? out / "cohort" : fs::path(config.input);
}

std::string listing_hmac_sha256(const PrepareConfig& config, const fs::path& out, const io::TreeShare& share) {
  const fs::path input = input_of(config, out);
  std::error_code error;
  std::vector<std::string> lines;
  if (fs::is_regular_file(input, error)) {
    lines.push_back(line_of(input, "input"));
  } else {
    lines = lines_below(input, out, share);
  }
  if (lines.empty()) return {};
  for (const std::string& table : {config.labels_file, config.structures, config.classes.table, config.split.table}) {
    if (table.empty()) continue;
    lines.push_back(line_of(table, "table"));
    if (lines.back().empty()) return {};
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return io::hmac_sha256_hex(patient_key(config.key_file, out), text);
}

bool input_has_changed(const PrepareConfig& config, const fs::path& out) {
  const fs::path record = out / "data" / "prepare.json";
  const fs::path key = config.key_file.empty() ? out / "patient.key" : fs::path(config.key_file);
  if (!fs::exists(record) || !fs::exists(key)) return false;  // a new key would tell nothing
  const auto json = nlohmann::json::parse(io::read_whole_file(record), nullptr, false);
  const std::string before = json.is_object() ? json.value("listing_hmac_sha256", "") : "";
  if (before.empty()) return false;
  try {
    const std::string now = listing_hmac_sha256(config, out);
    return !now.empty() && now != before;
  } catch (const ConfigError&) {  // a key out of reach
    return false;
  }
}

}  // namespace ctforge::pipeline
