// Listing files and comparing with what was listed.
#include "pipeline/input_listing.h"

#include "io/atomic_file.h"
#include "io/digest.h"
#include "pipeline/patient_key.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

// Nothing for a file that went while it was listed.
std::string line_of(const fs::directory_entry& entry, const std::string& name) {
  std::error_code gone;
  const auto size = entry.file_size(gone);
  const auto changed = entry.last_write_time(gone).time_since_epoch().count();
  return gone ? "" : name + " " + std::to_string(size) + " " + std::to_string(changed) + "\n";
}

}  // namespace

fs::path input_of(const PrepareConfig& config, const fs::path& out) {
  return config.input.empty() ? out / "cohort" : fs::path(config.input);
}

std::string listing_hmac_sha256(const PrepareConfig& config, const fs::path& out) {
  const fs::path input = input_of(config, out);
  std::vector<std::string> lines;
  std::error_code error;
  if (fs::is_regular_file(input, error)) {
    lines.push_back(line_of(fs::directory_entry(input), "input"));
  } else {
    fs::recursive_directory_iterator entry(input, fs::directory_options::skip_permission_denied, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error))
      if (std::error_code gone; entry->is_regular_file(gone) && !entry->is_symlink(gone))
        lines.push_back(line_of(*entry, entry->path().lexically_relative(input).generic_string()));
    if (error) return {};
  }
  for (const std::string& table : {config.labels_file, config.classes.table, config.split.table})
    if (fs::is_regular_file(table, error)) lines.push_back(line_of(fs::directory_entry(fs::path(table)), "table"));
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return io::hmac_sha256_hex(patient_key(config.key_file, out), text);
}

bool input_has_changed(const PrepareConfig& config, const fs::path& out) {
  const fs::path record = out / "data" / "prepare.json";
  if (!fs::exists(record)) return false;
  const auto json = nlohmann::json::parse(io::read_whole_file(record), nullptr, false);
  const std::string before = json.is_object() ? json.value("listing_hmac_sha256", "") : "";
  if (before.empty()) return false;
  const std::string now = listing_hmac_sha256(config, out);
  return !now.empty() && now != before;
}

}  // namespace ctforge::pipeline
