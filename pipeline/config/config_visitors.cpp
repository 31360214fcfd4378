// Reading of scalars with their limits, and the wording of every complaint.
#include "pipeline/config/config_visitors.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ctforge::pipeline {

namespace {

std::string number(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

std::string quoted_list(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values)
    if (!value.empty()) text += (text.empty() ? "" : ", ") + value;
  return text;
}

template <class T>
bool parse_number(const std::string& text, T& value) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (begin != end && *begin == '+') ++begin;
  const auto result = std::from_chars(begin, end, value);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace

SectionReader::SectionReader(const ConfigNode* map, std::string section, std::vector<ConfigProblem>& problems)
    : map_(map), section_(std::move(section)), problems_(problems) {
  if (map_ != nullptr && map_->kind == ConfigNode::Kind::Null) map_ = nullptr;
  if (map_ != nullptr && map_->kind != ConfigNode::Kind::Map) {
    problem(*map_, section_, "expected keys and values");
    map_ = nullptr;
  }
}

const ConfigNode* SectionReader::take(const std::string& name) {
  known_.push_back(name);
  return map_ != nullptr ? map_->find(name) : nullptr;
}

void SectionReader::problem(const ConfigNode& node, const std::string& key, const std::string& message) {
  problems_.push_back({node.where, key, message});
}

void SectionReader::finish() {
  if (map_ == nullptr) return;
  for (const ConfigNode& child : map_->children) {
    if (std::find(known_.begin(), known_.end(), child.key) != known_.end()) continue;
    const std::string near = nearest_name(child.key, known_);
    problem(child, full(child.key), "unknown key" + (near.empty() ? "" : "; did you mean '" + full(near) + "'?"));
  }
}

void SectionReader::check_choice(const ConfigNode& node, const std::string& key, const std::string& value,
                                 const OneOf& choices) {
  if (std::find(choices.values.begin(), choices.values.end(), value) != choices.values.end()) return;
  const std::string near = nearest_name(value, choices.values);
  problem(node, key,
          "'" + value + "' is not one of " + quoted_list(choices.values) +
              (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

void SectionReader::operator()(const char* name, std::string& value, const char*, const OneOf& choices) {
  const ConfigNode* node = take(name);
  if (node == nullptr) return;
  read(*node, full(name), value, {});
  if (node->kind == ConfigNode::Kind::Scalar) check_choice(*node, full(name), value, choices);
}

void SectionReader::operator()(const char* name, std::vector<std::string>& value, const char*, const OneOf& choices) {
  const ConfigNode* node = take(name);
  if (node == nullptr) return;
  read(*node, full(name), value, {});
  if (node->kind == ConfigNode::Kind::List)
    for (std::size_t i = 0; i < value.size(); ++i) check_choice(node->children[i], full(name), value[i], choices);
}

void SectionReader::read(const ConfigNode& node, const std::string& key, bool& value, const Range&) {
  if (node.kind == ConfigNode::Kind::Scalar && !node.quoted && (node.text == "true" || node.text == "false"))
    value = node.text == "true";
  else
    problem(node, key, "expected true or false" + (node.text.empty() ? "" : ", found '" + node.text + "'"));
}

void SectionReader::read(const ConfigNode& node, const std::string& key, double& value, const Range& range) {
  double parsed = 0;
  if (node.kind != ConfigNode::Kind::Scalar || node.quoted || !parse_number(node.text, parsed) || std::isnan(parsed)) {
    problem(node, key, "expected a number" + (node.text.empty() ? "" : ", found '" + node.text + "'"));
  } else if (parsed < range.low || parsed > range.high) {
    problem(node, key, node.text + " is not between " + number(range.low) + " and " + number(range.high));
  } else {
    value = parsed;
  }
}

void SectionReader::read(const ConfigNode& node, const std::string& key, std::int64_t& value, const Range& range) {
  double checked = static_cast<double>(value);
  const std::size_t before = problems_.size();
  read(node, key, checked, range);
  if (problems_.size() != before) return;
  if (std::int64_t parsed = 0; parse_number(node.text, parsed))
    value = parsed;
  else if (checked == std::floor(checked) && std::abs(checked) < 9e15)  // "1e6"
    value = static_cast<std::int64_t>(checked);
  else
    problem(node, key, "expected a whole number, found '" + node.text + "'");
}

void SectionReader::read(const ConfigNode& node, const std::string& key, std::string& value, const Range&) {
  if (node.kind == ConfigNode::Kind::Scalar)
    value = node.text;
  else if (node.kind == ConfigNode::Kind::Null)
    value.clear();
  else
    problem(node, key, "expected a text");
}

bool SectionReader::expect_list(const ConfigNode& node, const std::string& key) {
  if (node.kind == ConfigNode::Kind::List) return true;
  problem(node, key, "expected a list such as [a, b]");
  return false;
}

std::string SectionHelp::limits(const Range& range) {
  const bool low = std::isfinite(range.low), high = std::isfinite(range.high);
  if (low && high) return number(range.low) + " to " + number(range.high);
  if (low) return "at least " + number(range.low);
  return high ? "at most " + number(range.high) : "";
}

std::string SectionHelp::limits(const OneOf& choices) { return quoted_list(choices.values); }

void SectionHelp::line(const std::string& name, const std::string& value, const std::string& help,
                       const std::string& limits) {
  text_ += "  " + section_ + "." + name + " = " + value + "\n      " + help +
           (limits.empty() ? "" : " (" + limits + ")") + "\n";
}

}  // namespace ctforge::pipeline
