// YAML to a plain tree, with the line of every key.
#include "pipeline/config/config_tree.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"

#include <algorithm>
#include <numeric>

#include <yaml-cpp/yaml.h>

namespace ctforge::pipeline {

namespace {

std::string joined(const std::vector<ConfigProblem>& problems) {
  std::string text;
  for (const ConfigProblem& problem : problems) text += (text.empty() ? "" : "\n") + problem.line();
  return text;
}

std::string place(const std::string& name, const YAML::Mark& mark) {
  return mark.line < 0 || name == "--set" ? name : name + ":" + std::to_string(mark.line + 1);
}

// Aliases let a few lines stand for any number of values, or for a value that contains itself.
constexpr int kDeepest = 32, kMostNodes = 20000;

ConfigNode convert(const YAML::Node& node, const std::string& name, const std::string& key,
                   std::vector<ConfigProblem>& problems, int& nodes, int depth = 0) {
  if (depth > kDeepest || ++nodes > kMostNodes)
    throw ConfigError({{place(name, node.Mark()), key, "more values or levels than a configuration can have"}});
  ConfigNode result;
  result.where = place(name, node.Mark());
  if (node.IsScalar()) {
    result.kind = ConfigNode::Kind::Scalar;
    result.text = node.Scalar();
    result.quoted = node.Tag() == "!";
  } else if (node.IsSequence()) {
    result.kind = ConfigNode::Kind::List;
    for (const auto& child : node) result.children.push_back(convert(child, name, key, problems, nodes, depth + 1));
  } else if (node.IsMap()) {
    result.kind = ConfigNode::Kind::Map;
    for (const auto& pair : node) {
      const std::string child_key = pair.first.IsScalar() ? pair.first.Scalar() : "";
      const std::string full = key.empty() ? child_key : key + "." + child_key;
      ConfigNode child = convert(pair.second, name, full, problems, nodes, depth + 1);
      child.key = child_key;
      child.where = place(name, pair.first.Mark());
      if (child_key.empty()) problems.push_back({child.where, key, "a key must be a plain name"});
      if (const ConfigNode* first = result.find(child_key); first != nullptr)
        problems.push_back({child.where, full, "given twice (first at " + first->where + ")"});
      else
        result.children.push_back(std::move(child));
    }
  }
  return result;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

ConfigError::ConfigError(std::vector<ConfigProblem> problems)
    : std::runtime_error(joined(problems)), problems_(std::move(problems)) {}

const ConfigNode* ConfigNode::find(const std::string& name) const {
  for (const ConfigNode& child : children)
    if (child.key == name) return &child;
  return nullptr;
}

ConfigNode parse_config(const std::string& yaml, const std::string& name) {
  std::vector<ConfigProblem> problems;
  ConfigNode root = parse_config(yaml, name, problems);
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return root;
}

ConfigNode parse_config(const std::string& yaml, const std::string& name, std::vector<ConfigProblem>& problems) {
  ConfigNode root;
  int nodes = 0;
  try {
    root = convert(YAML::Load(yaml), name, "", problems, nodes);
  } catch (const YAML::Exception& error) {
    throw ConfigError({{place(name, error.mark), "", "not valid YAML: " + error.msg}});
  }
  if (root.kind == ConfigNode::Kind::Null) root.kind = ConfigNode::Kind::Map;  // an empty file: all defaults
  if (root.kind != ConfigNode::Kind::Map) {
    problems.push_back({name, "", "expected sections such as 'train:' at the top level"});
    root = {};
    root.kind = ConfigNode::Kind::Map;
  }
  return root;
}

ConfigNode read_config_tree(const std::filesystem::path& path, std::vector<ConfigProblem>& problems) {
  try {
    return parse_config(io::read_whole_file(path), path.filename().string(), problems);
  } catch (const io::DataError&) {
    throw ConfigError({{path.filename().string(), "", "cannot be read"}});
  }
}

void overlay(ConfigNode& root, ConfigNode over) {
  if (root.kind != ConfigNode::Kind::Map || over.kind != ConfigNode::Kind::Map) {
    over.key = root.key;
    root = std::move(over);
    return;
  }
  for (ConfigNode& child : over.children) {
    const auto same = std::find_if(root.children.begin(), root.children.end(),
                                   [&child](const ConfigNode& candidate) { return candidate.key == child.key; });
    if (same == root.children.end()) {
      root.children.push_back(std::move(child));
    } else {
      overlay(*same, std::move(child));
    }
  }
}

void overlay(ConfigNode& root, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    throw ConfigError({{"--set", assignment, "expected section.key=value"}});
  ConfigNode* node = &root;
  const std::string path = assignment.substr(0, equals);
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('.', start), path.size());
    const std::string key = path.substr(start, end - start);
    node->kind = ConfigNode::Kind::Map;
    auto child = std::find_if(node->children.begin(), node->children.end(),
                              [&](const ConfigNode& candidate) { return candidate.key == key; });
    if (child == node->children.end()) {
      node->children.push_back({});
      child = std::prev(node->children.end());
      child->key = key;
      child->where = "--set";
    }
    node = &*child;
    start = end + 1;
  }
  std::vector<ConfigProblem> problems;
  ConfigNode value;
  const std::string text = assignment.substr(equals + 1);
  int nodes = 0;
  try {
    // A leading * would be an alias in YAML; on a command line there is nothing it could stand for but a pattern.
    value = convert(text.starts_with('*') ? YAML::Node(text) : YAML::Load(text), "--set", path, problems, nodes);
  } catch (const YAML::Exception& error) {
    throw ConfigError({{"--set", path, "not valid YAML: " + error.msg}});
  }
  value.key = node->key;
  value.where = "--set";
  *node = std::move(value);
}

std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace ctforge::pipeline
