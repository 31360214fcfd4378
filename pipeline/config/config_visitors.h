// The visitors of pipeline/config/fields.h: one reads a section from the tree, one writes it as JSON, one lists its
// keys.
#pragma once

#include "pipeline/config/config_tree.h"
#include "pipeline/config/fields.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Reads the fields of one section from the tree's map and collects every problem instead of stopping at the first.
class SectionReader {
 public:
  // `map` may be null: every field keeps its default.
  SectionReader(const ConfigNode* map, std::string section, std::vector<ConfigProblem>& problems);

  template <class T>
  void operator()(const char* name, T& value, const char* /*help*/, const Range& range = {}) {
    if (const ConfigNode* node = take(name)) read(*node, full(name), value, range);
  }
  void operator()(const char* name, std::string& value, const char* help, const OneOf& choices);
  void operator()(const char* name, std::vector<std::string>& value, const char* help, const OneOf& choices);

  template <class Section>
  void section(const char* name, Section& value) {
    const ConfigNode* node = take(name);
    SectionReader inner(node, full(name), problems_);
    value.fields(inner);
    inner.finish();
  }

  // Reports the keys that no field took, with the nearest known name.
  void finish();

 private:
  const ConfigNode* take(const std::string& name);
  std::string full(const std::string& name) const { return section_.empty() ? name : section_ + "." + name; }
  void problem(const ConfigNode& node, const std::string& key, const std::string& message);
  void check_choice(const ConfigNode& node, const std::string& key, const std::string& value, const OneOf& choices);

  void read(const ConfigNode& node, const std::string& key, bool& value, const Range& range);
  void read(const ConfigNode& node, const std::string& key, std::int64_t& value, const Range& range);
  void read(const ConfigNode& node, const std::string& key, double& value, const Range& range);
  void read(const ConfigNode& node, const std::string& key, std::string& value, const Range& range);
  template <class T>
  void read(const ConfigNode& node, const std::string& key, std::vector<T>& value, const Range& range) {
    if (!expect_list(node, key)) return;
    std::vector<T> items;
    for (const ConfigNode& child : node.children) {
      T item{};
      read(child, key, item, range);
      items.push_back(item);
    }
    value = std::move(items);
  }
  template <class T, std::size_t N>
  void read(const ConfigNode& node, const std::string& key, std::array<T, N>& value, const Range& range) {
    if (!expect_list(node, key)) return;
    if (node.children.size() != N) {
      problem(node, key, "expected " + std::to_string(N) + " values, found " + std::to_string(node.children.size()));
      return;
    }
    for (std::size_t i = 0; i < N; ++i) read(node.children[i], key, value[i], range);
  }
  bool expect_list(const ConfigNode& node, const std::string& key);

  const ConfigNode* map_;
  std::string section_;
  std::vector<ConfigProblem>& problems_;
  std::vector<std::string> known_;
};

// The fields of a section with their values, in their order.
class SectionWriter {
 public:
  template <class T, class... Limits>
  void operator()(const char* name, T& value, const char* /*help*/, const Limits&...) {
    if constexpr (std::is_same_v<T, std::vector<bool>>)
      json_[name] = std::vector<bool>(value);
    else
      json_[name] = value;
  }
  template <class Section>
  void section(const char* name, Section& value) {
    SectionWriter inner;
    value.fields(inner);
    json_[name] = inner.json();
  }
  const nlohmann::ordered_json& json() const { return json_; }

 private:
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

// A section, or the whole configuration, as JSON.
template <class Section>
nlohmann::ordered_json section_json(Section section) {
  SectionWriter writer;
  section.fields(writer);
  return writer.json();
}

// One line a field: "train.steps = 4000: optimiser steps (1 to 1e+09)".
class SectionHelp {
 public:
  explicit SectionHelp(std::string section) : section_(std::move(section)) {}
  template <class T>
  void operator()(const char* name, T& value, const char* help) {
    line(name, nlohmann::json(value).dump(), help, "");
  }
  template <class T>
  void operator()(const char* name, T& value, const char* help, const Range& range) {
    line(name, nlohmann::json(value).dump(), help, limits(range));
  }
  template <class T>
  void operator()(const char* name, T& value, const char* help, const OneOf& choices) {
    line(name, nlohmann::json(value).dump(), help, limits(choices));
  }
  template <class Section>
  void section(const char* name, Section& value) {
    SectionHelp inner(section_ + "." + name);
    value.fields(inner);
    text_ += inner.text();
  }
  const std::string& text() const { return text_; }

 private:
  static std::string limits(const Range& range);
  static std::string limits(const OneOf& choices);
  void line(const std::string& name, const std::string& value, const std::string& help, const std::string& limits);
  std::string section_;
  std::string text_;
};

}  // namespace ctforge::pipeline
