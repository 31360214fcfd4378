// What the operating system refused, in words for the person who can do something about it.
#pragma once

#include <string>
#include <system_error>

namespace ctforge::pipeline {

// One line without paths. what: what was being done; empty: not known.
std::string describe(const std::error_code& code, const std::string& what);

}  // namespace ctforge::pipeline
