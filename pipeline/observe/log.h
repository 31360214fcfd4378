// Log lines on stderr: time, level, text.
//
// In a library of its own because LibTorch ships a fmt that is not the one spdlog was built with: a file that sees
// LibTorch's headers cannot include spdlog's.
#pragma once

#include <functional>
#include <string>

namespace ctforge::pipeline {

void log_info(const std::string& text);
void log_warning(const std::string& text);
// From now on nothing is logged: another process of the same work does.
void log_nothing();

// Hears every warning too, for as long as it lives; where several do, the youngest, which must be the first to go.
class WarningListener {
 public:
  explicit WarningListener(std::function<void(const std::string& text)> hear);
  ~WarningListener();
  WarningListener(const WarningListener&) = delete;
  WarningListener& operator=(const WarningListener&) = delete;
};

}  // namespace ctforge::pipeline
