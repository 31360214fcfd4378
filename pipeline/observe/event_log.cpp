// Appending lines.
#include "pipeline/observe/event_log.h"

#include <cerrno>
#include <chrono>
#include <cmath>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace ctforge::pipeline {

double unix_seconds() {
  const std::chrono::duration<double, std::milli> now = std::chrono::system_clock::now().time_since_epoch();
  return std::floor(now.count()) / 1000;
}

void EventLog::add(const std::string& event, const nlohmann::ordered_json& figures) const {
  nlohmann::ordered_json json{{"schema", kLineSchema}, {"time", unix_seconds()}, {"event", event}};
  json.update(figures);
  const std::string line = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  const int descriptor = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  const bool written = descriptor >= 0 && ::write(descriptor, line.data(), line.size()) == std::ssize(line);
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!written) throw std::system_error(error, std::generic_category(), "events.jsonl cannot be written");
}

}  // namespace ctforge::pipeline
