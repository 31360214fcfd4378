// Reading, checking and describing the whole configuration.
#include "pipeline/config.h"

#include <algorithm>

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

nlohmann::ordered_json to_json(const Config& config) {
  SectionWriter writer;
  Config(config).fields(writer);
  return writer.json();
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
