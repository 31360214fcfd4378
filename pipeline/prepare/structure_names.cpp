// Reading and checking the file of structures' names.
#include "pipeline/prepare/structure_names.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"

#include <algorithm>
#include <set>

namespace ctforge::pipeline {

namespace {

constexpr const char* kSetting = "prepare.structures";

ConfigNode parse(const std::filesystem::path& path, std::vector<ConfigProblem>& problems) {
  try {
    return parse_config(io::read_whole_file(path), kSetting, problems);
  } catch (const io::DataError&) {
    throw ConfigError({{"configuration", kSetting, "the file cannot be read"}});
  }
}

std::vector<std::string> labels_in_order(const ConfigNode& root) {
  std::vector<std::string> labels = {"background"};
  for (const ConfigNode& entry : root.children)
    if (!entry.text.empty() && std::find(labels.begin(), labels.end(), entry.text) == labels.end())
      labels.push_back(entry.text);
  return labels;
}

}  // namespace

StructureNames read_structure_names(const std::filesystem::path& path, const std::vector<std::string>& labels) {
  std::vector<ConfigProblem> problems;
  const ConfigNode root = parse(path, problems);
  StructureNames names{labels.empty() ? labels_in_order(root) : labels, {}};
  std::set<std::size_t> used = {0};
  for (const ConfigNode& entry : root.children) {
    if (entry.key.find_first_not_of(" \t") == std::string::npos || entry.text.empty()) {
      problems.push_back({entry.where, "", "expected the name of a structure, a colon, and the name of its label"});
      continue;
    }
    const auto label = std::find(names.labels.begin(), names.labels.end(), entry.text);
    const auto value = static_cast<std::size_t>(label - names.labels.begin());
    if (label == names.labels.end()) {
      problems.push_back({entry.where, "", "no label of prepare.labels is called '" + entry.text + "'"});
      continue;
    }
    used.insert(value);
    names.map.add(entry.key, static_cast<std::uint8_t>(value));
  }
  if (names.labels.size() > 256)
    problems.push_back({"configuration", kSetting, "more labels than the 256 values a label map can have"});
  for (std::size_t value = 0; problems.empty() && value < names.labels.size(); ++value)
    if (!used.contains(value))
      problems.push_back({"configuration", kSetting, "no structure becomes the label '" + names.labels[value] + "'"});
  if (problems.empty() && used.size() == 1)
    problems.push_back({"configuration", kSetting, "the file gives no structure a label"});
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return names;
}

}  // namespace ctforge::pipeline
