// Names of labels, and which of the values found in label maps are kept as what.
#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/prepare/prepare_plan.h"
#include "pipeline/prepare/structure_names.h"

#include <charconv>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_labels(const std::string& key, const std::string& message) {
  throw ConfigError({{"configuration", "prepare." + key, message}});
}

// A JSON list of names; or an object with the list under "labels"; or an object of value: name.
std::vector<std::string> read_labels_file(const fs::path& path) {
  const auto json = nlohmann::json::parse(io::read_whole_file(path), nullptr, false);
  try {
    if (json.is_array()) return json.get<std::vector<std::string>>();
    if (json.is_object() && json.contains("labels")) return json.at("labels").get<std::vector<std::string>>();
    std::vector<std::string> names;
    for (std::size_t value = 0; json.is_object() && value < json.size(); ++value)
      names.push_back(json.at(std::to_string(value)).get<std::string>());
    if (!names.empty()) return names;
  } catch (const nlohmann::json::exception&) {  // refused below
  }
  throw io::DataError(io::Fault::InvalidTable, "the labels file is not a JSON list of names from value 0 on");
}

int label_value(const std::string& text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 255) return -1;
  return value;
}

std::map<int, int> parse_map(const std::vector<std::string>& entries) {
  std::map<int, int> map;
  for (const std::string& entry : entries) {
    const auto colon = entry.find(':');
    const int found = label_value(entry.substr(0, colon));
    const int kept = colon == std::string::npos ? -1 : label_value(entry.substr(colon + 1));
    if (found < 0 || kept < 0)
      refuse_labels("label_map", "'" + entry + "' is not found:kept with values from 0 to 255");
    if (!map.emplace(found, kept).second) refuse_labels("label_map", "two entries for " + std::to_string(found));
  }
  return map;
}

// The names of the kept values when the names are those of the found: each kept value takes that of its first entry.
std::vector<std::string> kept_names(const std::map<int, int>& map, const std::vector<std::string>& found) {
  std::map<int, std::string> names = {{0, found.front()}};
  for (const auto& [from, to] : map) {
    if (static_cast<std::size_t>(from) >= found.size())
      refuse_labels("label_map", "value " + std::to_string(from) + " has no name in the labels file");
    names.emplace(to, found[static_cast<std::size_t>(from)]);
  }
  std::vector<std::string> result;
  for (const auto& [value, name] : names) {
    if (value != static_cast<int>(result.size()))
      refuse_labels("label_map", "the kept values must be 1, 2, ... without gaps");
    result.push_back(name);
  }
  return result;
}

LabelPlan plan_structures(const PrepareConfig& config) {
  if (!config.masks.empty()) refuse_labels("structures", "labels come from either masks or structures, not from both");
  if (!config.labels_file.empty())
    refuse_labels("structures", "labels_file names the values of masks only: give labels");
  if (!config.label_map.empty()) refuse_labels("structures", "label_map is of the values of masks only");
  LabelPlan plan;
  plan.names = read_structure_names(config.structures, config.labels).labels;
  for (std::size_t value = 0; value < plan.kept.size(); ++value)
    plan.kept[value] = value < plan.names.size() ? static_cast<int>(value) : -1;
  return plan;
}

}  // namespace

LabelPlan plan_labels(const PrepareConfig& config, const fs::path& input) {
  if (!config.structures.empty()) return plan_structures(config);
  LabelPlan plan;
  plan.kept.fill(-1);
  if (config.masks.empty()) {
    plan.names = {"background"};
    plan.kept[0] = 0;
    return plan;
  }
  const bool from_file = config.labels.empty();
  const fs::path file = config.labels_file.empty() ? input / "labels.json" : fs::path(config.labels_file);
  if (!from_file && !config.labels_file.empty()) refuse_labels("labels", "either labels or labels_file, not both");
  if (from_file && config.labels_file.empty() && !fs::is_regular_file(file))
    refuse_labels("labels", "label maps are given, but no names for their values, nor a labels.json beside them");
  const std::vector<std::string> names = from_file ? read_labels_file(file) : config.labels;
  if (names.size() > 256) refuse_labels("labels", "more names than the 256 values a label map can have");
  const auto map = parse_map(config.label_map);
  plan.names = from_file && !map.empty() ? kept_names(map, names) : names;
  if (map.empty()) {
    for (std::size_t value = 0; value < names.size(); ++value) plan.kept[value] = static_cast<int>(value);
    return plan;
  }
  const std::size_t known = from_file ? names.size() : plan.kept.size();
  for (std::size_t value = 0; value < known; ++value) plan.kept[value] = 0;
  for (const auto& [found, kept] : map) {
    if (static_cast<std::size_t>(kept) >= plan.names.size())
      refuse_labels("label_map", "value " + std::to_string(kept) + " has no name in labels");
    plan.kept[static_cast<std::size_t>(found)] = kept;
  }
  return plan;
}

}  // namespace ctforge::pipeline
