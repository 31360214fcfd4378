// Reads a configuration as diffusers writes it, key by key, and refuses by name what was not read.
#pragma once

#include "models/nets/activation.h"
#include "models/nets/image_size.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::nets {

// Values of an enumeration by their names.
template <class Value, std::size_t N>
using Names = std::array<std::pair<std::string_view, Value>, N>;

// Every get throws io::DataError(InvalidHeader) naming key and value where the value is of another type.
class ConfigReader {
 public:
  // Throws io::DataError(InvalidHeader) for text that is no JSON object, UnsupportedFormat for another _class_name.
  ConfigReader(const std::string& text, const std::string& class_name);

  // The value of a key, or `absent`, diffusers' default, where there is no such key.
  std::int64_t integer(const std::string& key, std::int64_t absent);
  double number(const std::string& key, double absent);
  bool flag(const std::string& key, bool absent);
  std::vector<std::int64_t> integers(const std::string& key, const std::vector<std::int64_t>& absent);
  std::vector<std::string> texts(const std::string& key, const std::vector<std::string>& absent);

  // Those that may be null.
  std::int64_t integer_or_null(const std::string& key, std::int64_t absent);   // null: 0
  std::int64_t positive_or_null(const std::string& key, std::int64_t absent);  // null: 0; refuses others below 1
  double number_or_null(const std::string& key, double absent);                // null: 0
  std::vector<double> numbers_or_null(const std::string& key);                 // null and absent: empty
  ImageSize size(const std::string& key, ImageSize absent);  // one number, or height and width; null: ImageSize()

  // One of the named values of an enumeration, "" being the name of null; others are refused.
  template <class Value, std::size_t N>
  Value choice(const std::string& key, const Names<Value, N>& names, Value absent) {
    const nlohmann::json* found = find(key);
    if (found == nullptr) return absent;
    if (found->is_null() || found->is_string()) {
      const std::string given = found->is_null() ? "" : found->get<std::string>();
      for (const auto& [name, value] : names)
        if (name == given) return value;
    }
    refuse(key, *found);
    return absent;
  }
  Activation activation(const std::string& key, Activation absent);

  // Marks a key as known that has no bearing on the network.
  void ignore(const std::string& key) { used_.push_back(key); }
  void refuse(const std::string& key, const nlohmann::json& value);
  // Throws io::DataError(UnsupportedFormat) that lists what was refused, and keys with a value that nobody asked for.
  void finish() const;

 private:
  const nlohmann::json* find(const std::string& key);  // null where absent
  [[noreturn]] void unexpected(const std::string& key, const nlohmann::json& value) const;

  nlohmann::json values_;
  std::vector<std::string> used_, refused_;
};

}  // namespace ctforge::nets
