// Numbers of JSON as the report's tables and charts show them.
#pragma once

#include "pipeline/report_chart.h"

#include <limits>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

inline constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// kNone for what is no number.
double number_of(const nlohmann::ordered_json& json);

// "0.700 [0.600, 0.800]" of an object that has these keys; "n/a" without the number.
std::string with_interval(const nlohmann::ordered_json& value, const char* number, const char* interval,
                          std::string (*format)(double) = readable_number);

// The object's number with its "interval", if it has one.
Bar bar_of(const std::string& name, const nlohmann::ordered_json& value, const char* number, double reference);

}  // namespace ctforge::pipeline
