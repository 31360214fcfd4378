// A text as a field of a CSV file.
#pragma once

#include <string>

namespace ctforge::pipeline {

// In quotes where it needs them (RFC 4180).
std::string csv_field(const std::string& text);

}  // namespace ctforge::pipeline
