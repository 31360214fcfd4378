// Logging through spdlog.
#include "pipeline/observe/log.h"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace ctforge::pipeline {

namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = spdlog::stderr_color_mt("ctforge");
    made->set_pattern("%H:%M:%S %^%l%$ %v");
    return made;
  }();
  return *instance;
}

// Beside the one logger, as process-wide as standard error is.
std::mutex listener_mutex;
std::vector<std::function<void(const std::string&)>> listeners;  // the youngest is the last

}  // namespace

void log_info(const std::string& text) { logger().info("{}", text); }

void log_warning(const std::string& text) {
  logger().warn("{}", text);
  std::function<void(const std::string&)> hear;
  {
    const std::scoped_lock lock(listener_mutex);
    if (!listeners.empty()) hear = listeners.back();
  }
  if (hear) hear(text);
}

WarningListener::WarningListener(std::function<void(const std::string&)> hear) {
  const std::scoped_lock lock(listener_mutex);
  listeners.push_back(std::move(hear));
}

WarningListener::~WarningListener() {
  const std::scoped_lock lock(listener_mutex);
  listeners.pop_back();
}

void log_nothing() { logger().set_level(spdlog::level::off); }

}  // namespace ctforge::pipeline
