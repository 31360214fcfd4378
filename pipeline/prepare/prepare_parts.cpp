// Folders of parts, and what they were begun with.
#include "pipeline/prepare/prepare_parts.h"

#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/observe/log.h"
#include "pipeline/prepare/input_listing.h"
#include "pipeline/prepare/prepare_identity.h"
#include "pipeline/run/json_file.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

namespace ctforge::pipeline {

namespace {

namespace fs = std::filesystem;

constexpr const char* kBegun = "part.json";
constexpr const char* kFinished = "prepare.json";

}  // namespace

void check_prepare_parts(const PrepareConfig& config) {
  std::vector<ConfigProblem> problems;
  const auto refuse_if = [&](bool wrong, const char* key, const char* message) {
    if (wrong) problems.push_back({"configuration", std::string("prepare.") + key, message});
  };
  refuse_if(config.split.draw != "hash" && config.split.table.empty(), "split.draw",
            "must be hash, or split.table given, for --part: no part knows all patients");
  refuse_if(config.split.train_fraction < 1 && !config.split.table.empty(), "split.train_fraction",
            "must be 1 for --part with a table, of whose patients no part knows all: use draw hash");
  refuse_if(config.classes.from == "region", "classes.from",
            "region takes its classes from all series: use a table for --part");
  refuse_if(std::count(config.spacing_mm.begin(), config.spacing_mm.end(), 0) > 0, "spacing_mm",
            "must be given for --part: series at their own spacing are measured by all of them");
  refuse_if(config.patch.width == 0 || config.patch.height == 0, "patch.width",
            "and height must be given for --part: the widest slice is one of all series");
  refuse_if(!config.input.empty() && fs::is_regular_file(config.input), "input", "is one file: it has no parts");
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

PrepareParts::PrepareParts(const PrepareConfig& config, const Context& context, const std::string& key)
    : config_(config), context_(context), parts_(context.out / "data" / "parts") {
  settings_ = io::hmac_sha256_hex(key, std::to_string(context.seed) + settings_text(config));
}

fs::path PrepareParts::folder(std::int64_t index, std::int64_t count) const {
  return parts_ / (std::to_string(index + 1) + "-of-" + std::to_string(count));
}

std::vector<fs::path> PrepareParts::folders(std::int64_t count) const {
  std::vector<fs::path> all;
  for (std::int64_t index = 0; index < count; ++index) all.push_back(folder(index, count));
  return all;
}

void PrepareParts::prepare(const Part& part, const Work& work) const {
  const fs::path own = folder(part.index, part.count);
  const io::TreeShare share = {part.index, part.count, config_.part_depth};
  const std::string listing = listing_hmac_sha256(config_, context_.out, share);
  const auto begun = read_object(own / kBegun), finished = read_object(own / kFinished);
  const bool same = begun.value("settings", "") == settings_;
  if (same && !finished.empty() && finished.value("listing_hmac_sha256", "") == listing) {
    log_info("prepare: part " + std::to_string(part.index + 1) + " of " + std::to_string(part.count) +
             ": already done");
    return;
  }
  if (!same) fs::remove_all(own);
  fs::create_directories(own);
  io::write_atomically(own / kBegun, nlohmann::json{{"schema", 1}, {"settings", settings_}}.dump(1) + "\n");
  work(own, share, listing);
}

std::optional<std::int64_t> PrepareParts::divided() const {
  if (!fs::is_directory(parts_)) return std::nullopt;
  std::set<std::int64_t> counts;
  for (const auto& entry : fs::directory_iterator(parts_)) {
    long long index = 0, count = 0;
    const bool part = std::sscanf(entry.path().filename().c_str(), "%lld-of-%lld", &index, &count) == 2;
    if (part && read_object(entry.path() / kBegun).value("settings", "") == settings_)
      counts.insert(count);
    else
      fs::remove_all(entry.path());
  }
  if (counts.size() == 1) return *counts.begin();
  if (counts.size() > 1)
    log_warning("prepare: parts of several divisions are there, so that none counts; all is prepared here");
  remove();
  return std::nullopt;
}

void PrepareParts::remove() const { fs::remove_all(parts_); }

}  // namespace ctforge::pipeline
