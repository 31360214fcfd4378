// What both configurations need to be written as diffusers does, and to be checked when read.
#pragma once

#include "io/file/fault.h"
#include "models/nets/config_reader.h"
#include "models/nets/image_size.h"

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::nets {

inline constexpr const char* kDiffusersVersion = "0.31.0";  // the oldest release whose reader knows every key written

inline nlohmann::json positive_or_null(std::int64_t value) {
  return value > 0 ? nlohmann::json(value) : nlohmann::json(nullptr);
}

// 1 rather than 1.0.
inline nlohmann::json whole_where_possible(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? nlohmann::json(static_cast<std::int64_t>(value))
                                                              : nlohmann::json(value);
}

template <class Value, std::size_t N>
nlohmann::json name_of(const Names<Value, N>& names, Value wanted) {
  for (const auto& [name, value] : names)
    if (value == wanted) return name.empty() ? nlohmann::json(nullptr) : nlohmann::json(name);
  throw std::invalid_argument("a value that config.json has no name for");
}

inline nlohmann::json size_or_null(const ImageSize& size) {
  if (!size.known()) return nullptr;
  return size.height == size.width ? nlohmann::json(size.height) : nlohmann::json({size.height, size.width});
}

// Throws io::DataError(InvalidHeader) where validate() finds fault.
template <class Config>
Config validated_config(const Config& config) {
  try {
    validate(config);
  } catch (const std::invalid_argument& error) {
    throw io::DataError(io::Fault::InvalidHeader, std::string("config.json: ") + error.what());
  }
  return config;
}

}  // namespace ctforge::nets
