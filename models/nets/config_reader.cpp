// Reads a configuration as diffusers writes it.
#include "models/nets/config_reader.h"

#include "io/file/fault.h"

#include <algorithm>
#include <optional>

namespace ctforge::nets {

using nlohmann::json;

namespace {

// nlohmann would take true for 1 and 2.5 for 2.
std::optional<std::int64_t> as_integer(const json& value) {
  return value.is_number_integer() ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

std::optional<double> as_number(const json& value) {
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

std::optional<std::string> as_text(const json& value) {
  return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

// All elements of an array, or nothing where one does not convert.
template <class Convert>
auto as_list(const json& value, Convert convert) {
  using Element = typename decltype(convert(value))::value_type;
  std::optional<std::vector<Element>> result;
  if (!value.is_array()) return result;
  result.emplace();
  for (const json& item : value) {
    const auto element = convert(item);
    if (!element) return std::optional<std::vector<Element>>();
    result->push_back(*element);
  }
  return result;
}

}  // namespace

ConfigReader::ConfigReader(const std::string& text, const std::string& class_name) {
  values_ = json::parse(text, nullptr, false);
  if (!values_.is_object()) throw io::DataError(io::Fault::InvalidHeader, "config.json is not a JSON object");
  const auto name = values_.find("_class_name");
  if (name != values_.end() && *name != class_name)
    throw io::DataError(io::Fault::UnsupportedFormat,
                        "config.json describes " + name->dump() + ", expected \"" + class_name + "\"");
}

const json* ConfigReader::find(const std::string& key) {
  used_.push_back(key);
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &*found;
}

void ConfigReader::unexpected(const std::string& key, const json& value) const {
  throw io::DataError(io::Fault::InvalidHeader, "config.json: " + key + " has an unexpected value " + value.dump());
}

std::int64_t ConfigReader::integer(const std::string& key, std::int64_t absent) {
  const json* found = find(key);
  if (found == nullptr) return absent;
  const auto value = as_integer(*found);
  if (!value) unexpected(key, *found);
  return *value;
}

double ConfigReader::number(const std::string& key, double absent) {
  const json* found = find(key);
  if (found == nullptr) return absent;
  const auto value = as_number(*found);
  if (!value) unexpected(key, *found);
  return *value;
}

bool ConfigReader::flag(const std::string& key, bool absent) {
  const json* found = find(key);
  if (found == nullptr) return absent;
  if (!found->is_boolean()) unexpected(key, *found);
  return found->get<bool>();
}

std::vector<std::int64_t> ConfigReader::integers(const std::string& key, const std::vector<std::int64_t>& absent) {
  const json* found = find(key);
  if (found == nullptr) return absent;
  const auto value = as_list(*found, as_integer);
  if (!value) unexpected(key, *found);
  return *value;
}

std::vector<std::string> ConfigReader::texts(const std::string& key, const std::vector<std::string>& absent) {
  const json* found = find(key);
  if (found == nullptr) return absent;
  const auto value = as_list(*found, as_text);
  if (!value) unexpected(key, *found);
  return *value;
}

std::int64_t ConfigReader::integer_or_null(const std::string& key, std::int64_t absent) {
  const json* found = find(key);
  return found != nullptr && found->is_null() ? 0 : integer(key, absent);
}

std::int64_t ConfigReader::positive_or_null(const std::string& key, std::int64_t absent) {
  const std::int64_t value = integer_or_null(key, absent);
  const json* found = find(key);
  if (found == nullptr || found->is_null() || value > 0) return value;
  refuse(key, *found);
  return 0;
}

double ConfigReader::number_or_null(const std::string& key, double absent) {
  const json* found = find(key);
  return found != nullptr && found->is_null() ? 0 : number(key, absent);
}

std::vector<double> ConfigReader::numbers_or_null(const std::string& key) {
  const json* found = find(key);
  if (found == nullptr || found->is_null()) return {};
  const auto value = as_list(*found, as_number);
  if (!value) unexpected(key, *found);
  return *value;
}

ImageSize ConfigReader::size(const std::string& key, ImageSize absent) {
  const json* found = find(key);
  if (found == nullptr) return absent;
  if (found->is_null()) return {};
  if (const auto side = as_integer(*found)) return {*side};
  const auto sides = as_list(*found, as_integer);
  if (!sides || sides->size() != 2) unexpected(key, *found);
  return {(*sides)[0], (*sides)[1]};
}

Activation ConfigReader::activation(const std::string& key, Activation absent) {
  const json* found = find(key);
  if (found == nullptr) return absent;
  const auto value = found->is_string() ? activation_from_name(found->get<std::string>()) : std::nullopt;
  if (!value) refuse(key, *found);
  return value.value_or(absent);
}

void ConfigReader::refuse(const std::string& key, const json& value) { refused_.push_back(key + " = " + value.dump()); }

void ConfigReader::finish() const {
  std::vector<std::string> refused = refused_;
  for (const auto& [key, value] : values_.items()) {
    const bool known =
        key.starts_with("_") || value.is_null() || std::find(used_.begin(), used_.end(), key) != used_.end();
    if (!known) refused.push_back(key + " = " + value.dump());
  }
  if (refused.empty()) return;
  std::string message = "config.json asks for what this network does not have:";
  for (const std::string& what : refused) message += " " + what + ";";
  message.pop_back();
  throw io::DataError(io::Fault::UnsupportedFormat, message);
}

}  // namespace ctforge::nets
