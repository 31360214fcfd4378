// Reading, checking and describing the whole configuration.
#include "pipeline/config/config.h"

#include <algorithm>
#include <set>

namespace ctforge::pipeline {

Config read_config(const std::vector<std::filesystem::path>& files, const std::vector<std::string>& assignments) {
  ConfigNode root;
  root.kind = ConfigNode::Kind::Map;
  std::vector<ConfigProblem> problems;
  for (const auto& file : files) gather_problems(problems, [&] { overlay(root, read_config_tree(file, problems)); });
  for (const std::string& assignment : assignments) gather_problems(problems, [&] { overlay(root, assignment); });
  Config config;
  SectionReader reader(&root, "", problems);
  config.fields(reader);
  reader.finish();
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return config;
}

nlohmann::ordered_json to_json(const Config& config) { return section_json(config); }

namespace {

// Values as JSON, which is YAML too.
void write_yaml(const nlohmann::ordered_json& section, const std::string& indent, std::string& text) {
  for (const auto& [key, value] : section.items()) {
    text += indent + key + ":";
    if (value.is_object()) {
      text += "\n";
      write_yaml(value, indent + "  ", text);
    } else {
      text += " " + value.dump() + "\n";
    }
  }
}

}  // namespace

std::string to_yaml(const Config& config) {
  std::string text;
  write_yaml(to_json(config), "", text);
  return text;
}

namespace {

const std::set<std::string> kDataPaths = {"prepare.input",       "prepare.key_file",      "prepare.labels_file",
                                          "prepare.structures",  "prepare.classes.table", "prepare.split.table",
                                          "train.from",          "train.pairs",           "sample.weaker",
                                          "evaluate.extra_sets", "run.prometheus"};

}  // namespace

std::string shown_value(const std::string& key, const std::string& value) {
  return kDataPaths.contains(key) || value.find('/') != std::string::npos ? "(a path)" : value;
}

nlohmann::ordered_json to_json_without_paths(const Config& config) {
  auto json = to_json(config);
  for (const char* section : {"push", "pull", "cluster"}) json.erase(section);
  const std::string hidden = kHiddenPath;
  for (const std::string& key : kDataPaths) {
    std::string pointer = "/" + key;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    auto& value = json.at(nlohmann::ordered_json::json_pointer(pointer));
    if (value.is_string() && !value.get_ref<const std::string&>().empty()) value = hidden;
    if (!value.is_array()) continue;
    for (auto& item : value) {  // each NAME=PATH
      const auto& text = item.get_ref<const std::string&>();
      item = text.substr(0, text.find('=')) + "=" + hidden;
    }
  }
  return json;
}

namespace {

// Describes only the sections asked for.
struct ChosenHelp {
  const std::vector<std::string>& chosen;
  std::string text;
  template <class Section>
  void section(const char* name, Section& value) {
    if (std::find(chosen.begin(), chosen.end(), name) == chosen.end()) return;
    SectionHelp help(name);
    value.fields(help);
    text += help.text();
  }
};

}  // namespace

std::string describe_config(const std::vector<std::string>& sections) {
  ChosenHelp help{sections, {}};
  Config defaults;
  defaults.fields(help);
  return help.text;
}

}  // namespace ctforge::pipeline
