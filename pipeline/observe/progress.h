// Progress of a stage: a bar on a terminal, a plain line now and then in a log. On stderr; results go to stdout.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace ctforge::pipeline {

// The time left of something that is counted, from what was seen of it. A resumed stage begins where it goes on, and a
// count that falls or is of another unit begins anew.
class Pace {
 public:
  // `now_s`: any clock that does not jump. Nothing before a second of it was seen, and at the end.
  std::optional<double> left_s(std::int64_t done, std::int64_t total, const std::string& unit, double now_s);

 private:
  std::int64_t first_ = -1, last_ = -1;
  std::string unit_;
  double start_s_ = 0;
};

class Progress {
 public:
  // `terminal`: whether to redraw one line; use is_terminal() for what stderr is.
  Progress(std::string stage, bool terminal);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::int64_t done, std::int64_t total, const std::string& text);
  // The line that update() would show, for tests: "train 42% 420/1000 steps, 3 min left".
  static std::string line(const std::string& stage, std::int64_t done, std::int64_t total, const std::string& text,
                          std::optional<double> left_s);
  // Seconds between lines of a log: fewer lines the longer a stage has taken.
  static double log_interval_s(double elapsed_s);

 private:
  using Clock = std::chrono::steady_clock;
  std::string stage_;
  bool terminal_;
  bool drawn_ = false;
  Pace pace_;
  Clock::time_point start_ = Clock::now();
  std::optional<Clock::time_point> shown_;
};

bool is_terminal();

using ProgressListener = std::function<void(std::int64_t done, std::int64_t total, const std::string& text)>;
// What a context tells its progress to: the lines or bar of a stage of that name, on this process's stderr; and
// `another`, if there is one.
ProgressListener shown_progress(const std::string& stage, ProgressListener another = {});

// "850 ms", "12 s", "3 min 20 s", "2 h 5 min".
std::string readable_seconds(double seconds);
// "512 B", "1.5 MB", "2.3 GB".
std::string readable_bytes(double bytes);

}  // namespace ctforge::pipeline
