// Bars on a terminal, lines in a log.
#include "pipeline/observe/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <utility>

#include <unistd.h>

namespace ctforge::pipeline {

namespace {

constexpr double kBarInterval_s = 0.2;
constexpr double kLeastLogInterval_s = 15, kMostLogInterval_s = 300;
constexpr double kShareBetweenLines = 0.05;  // of the time that the stage has taken
constexpr double kLeastSeen_s = 1;

double seconds(std::chrono::steady_clock::duration time) { return std::chrono::duration<double>(time).count(); }

std::string formatted(const char* format, double value, const char* unit) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, format, value, unit);
  return buffer;
}

}  // namespace

bool is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

ProgressListener shown_progress(const std::string& stage, ProgressListener another) {
  const auto progress = std::make_shared<Progress>(stage, is_terminal());
  return [progress, another = std::move(another)](std::int64_t done, std::int64_t total, const std::string& text) {
    progress->update(done, total, text);
    if (another) another(done, total, text);
  };
}

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

std::optional<double> Pace::left_s(std::int64_t done, std::int64_t total, const std::string& unit, double now_s) {
  if (first_ < 0 || done < last_ || unit != unit_) {
    first_ = done;
    start_s_ = now_s;
    unit_ = unit;
  }
  last_ = done;
  const double seen_s = now_s - start_s_;
  if (done <= first_ || done >= total || seen_s < kLeastSeen_s) return std::nullopt;
  return seen_s * static_cast<double>(total - done) / static_cast<double>(done - first_);
}

std::string Progress::line(const std::string& stage, std::int64_t done, std::int64_t total, const std::string& text,
                           std::optional<double> left_s) {
  std::string result = stage;
  if (total > 0)
    result += " " + std::to_string(100 * done / total) + "% " + std::to_string(done) + "/" + std::to_string(total);
  if (!text.empty()) result += " " + text;
  if (left_s) result += ", " + readable_seconds(*left_s) + " left";
  return result;
}

double Progress::log_interval_s(double elapsed_s) {
  return std::clamp(kShareBetweenLines * elapsed_s, kLeastLogInterval_s, kMostLogInterval_s);
}

void Progress::update(std::int64_t done, std::int64_t total, const std::string& text) {
  const auto now = Clock::now();
  const double elapsed_s = seconds(now - start_);
  const std::optional<double> left_s = pace_.left_s(done, total, text, elapsed_s);
  const double interval_s = terminal_ ? kBarInterval_s : log_interval_s(elapsed_s);
  if (shown_ && seconds(now - *shown_) < interval_s && done != total) return;
  shown_ = now;
  const std::string shown = line(stage_, done, total, text, left_s);
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", shown.c_str());
  std::fflush(stderr);
  drawn_ = terminal_;
}

}  // namespace ctforge::pipeline
