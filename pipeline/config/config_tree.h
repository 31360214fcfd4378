// A configuration file as a plain tree of keys, texts and line numbers, read with yaml-cpp and overlaid with --set.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// One thing that is wrong, as the user sees it: "demo.yaml:12 train.steps: ...".
struct ConfigProblem {
  std::string where;  // "file:line" or "--set"
  std::string key;    // "section.key", may be empty
  std::string message;
  std::string line() const { return where + (key.empty() ? "" : " " + key) + ": " + message; }
};

// Everything that is wrong with a configuration, all at once.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<ConfigProblem> problems);
  const std::vector<ConfigProblem>& problems() const { return problems_; }

 private:
  std::vector<ConfigProblem> problems_;
};

// Runs a check; what a ConfigError of it says joins `problems`, so that the next check runs too.
template <class Check>
void gather_problems(std::vector<ConfigProblem>& problems, const Check& check) {
  try {
    check();
  } catch (const ConfigError& error) {
    problems.insert(problems.end(), error.problems().begin(), error.problems().end());
  }
}

struct ConfigNode {
  enum class Kind { Scalar, List, Map, Null };
  Kind kind = Kind::Null;
  std::string key;      // within the parent map; empty in a list
  std::string text;     // scalars
  bool quoted = false;  // scalars written in quotes are texts, whatever they look like
  std::string where;    // "file:line"
  std::vector<ConfigNode> children;

  const ConfigNode* find(const std::string& name) const;
};

// Parses YAML text; `name` is how the file is called in messages. Syntax errors, duplicate keys and a top level that is
// no map throw ConfigError.
ConfigNode parse_config(const std::string& yaml, const std::string& name);
// Likewise, but what is wrong with single keys goes to `problems`, so that the rest can be checked too; throws for text
// that is no YAML.
ConfigNode parse_config(const std::string& yaml, const std::string& name, std::vector<ConfigProblem>& problems);
// Reads a file; throws ConfigError when it cannot be read or is no YAML.
ConfigNode read_config_tree(const std::filesystem::path& path, std::vector<ConfigProblem>& problems);
// Puts another tree over what the tree holds: maps are joined key by key, anything else is replaced.
void overlay(ConfigNode& root, ConfigNode over);
// Puts "section.key=value" (value in YAML) over what the tree holds. Throws ConfigError for a text without '='.
void overlay(ConfigNode& root, const std::string& assignment);

// The candidate most like `name` by edit distance, or empty when none is near.
std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace ctforge::pipeline
