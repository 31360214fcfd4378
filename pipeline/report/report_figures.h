// Figures of the evaluation as the report writes them.
#pragma once

#include "pipeline/report/report_chart.h"

#include <limits>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

inline constexpr double kNoFigure = std::numeric_limits<double>::quiet_NaN();

// Not a number where the JSON holds none.
double number_of(const nlohmann::ordered_json& json);
// "value [low, high]" of two of an entry's keys; "n/a" where the number is not there.
std::string with_interval(const nlohmann::ordered_json& entry, const char* number, const char* interval,
                          std::string (*format)(double) = readable_number);
// The entry's number with its "interval", if it has one.
Bar bar_of(const std::string& name, const nlohmann::ordered_json& entry, const char* number, double reference);
// Names of features as readers know them: "FD-Lite0".
std::string pretty_features(const std::string& name);
// A row of value, floor and n, and what stands above such rows.
std::vector<std::string> measure_row(const std::string& name, const nlohmann::ordered_json& entry);
std::vector<std::string> measure_heading();
// A table with a row for each of the measures that the entry has: value, floor and n. Empty when it has none.
std::string measure_table(const nlohmann::ordered_json& entry, std::span<const char* const> names);

}  // namespace ctforge::pipeline
