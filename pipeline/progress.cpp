// Bars on a terminal, lines in a log.
#include "pipeline/progress.h"

#include <cmath>
#include <cstdio>

#include <unistd.h>

namespace ctforge::pipeline {

namespace {

constexpr auto kBarInterval = std::chrono::milliseconds(200);
constexpr auto kLogInterval = std::chrono::seconds(15);

std::string formatted(const char* format, double value, const char* unit) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, format, value, unit);
  return buffer;
}

}  // namespace

bool is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

std::string readable_seconds(double seconds) {
  if (seconds < 1) return formatted("%.0f %s", seconds * 1000, "ms");
  if (seconds < 60) return formatted(seconds < 10 ? "%.1f %s" : "%.0f %s", seconds, "s");
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

std::string readable_bytes(double bytes) {
  if (bytes < 1e3) return formatted("%.0f %s", bytes, "B");
  if (bytes < 1e6) return formatted("%.1f %s", bytes / 1e3, "kB");
  return bytes < 1e9 ? formatted("%.0f %s", bytes / 1e6, "MB") : formatted("%.2f %s", bytes / 1e9, "GB");
}

Progress::Progress(std::string stage, bool terminal) : stage_(std::move(stage)), terminal_(terminal) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

std::string Progress::line(const std::string& stage, std::int64_t done, std::int64_t total, const std::string& text,
                           double elapsed_s) {
  std::string result = stage;
  if (total > 0)
    result += " " + std::to_string(100 * done / total) + "% " + std::to_string(done) + "/" + std::to_string(total);
  if (!text.empty()) result += " " + text;
  if (done > 0 && done < total && elapsed_s > 1)
    result +=
        ", " + readable_seconds(elapsed_s * static_cast<double>(total - done) / static_cast<double>(done)) + " left";
  return result;
}

void Progress::update(std::int64_t done, std::int64_t total, const std::string& text) {
  const auto now = Clock::now();
  const std::string kind = text.substr(0, text.find(' '));
  if (first_done_ < 0 || done < first_done_ || kind != last_text_) {  // a new phase of the stage
    first_done_ = done;
    start_ = now;
    last_text_ = kind;
  }
  if (now - shown_ < (terminal_ ? std::chrono::steady_clock::duration(kBarInterval) : kLogInterval) && done != total)
    return;
  shown_ = now;
  const double elapsed_s = std::chrono::duration<double>(now - start_).count();
  const std::int64_t here = done - first_done_;
  // The time left follows from what this process did, not from what it resumed.
  const double scaled = here > 0 ? elapsed_s * static_cast<double>(done) / static_cast<double>(here) : 0;
  const std::string shown = line(stage_, done, total, text, scaled);
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", shown.c_str());
  std::fflush(stderr);
  drawn_ = terminal_;
}

}  // namespace ctforge::pipeline
