// Progress of a stage: a bar on a terminal, a plain line now and then in a log. On stderr; results go to stdout.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ctforge::pipeline {

class Progress {
 public:
  // `terminal`: whether to redraw one line; use is_terminal() for what stderr is.
  Progress(std::string stage, bool terminal);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::int64_t done, std::int64_t total, const std::string& text);
  // The line that update() would show, for tests: "train   42% 420/1000 step, 3 min left".
  static std::string line(const std::string& stage, std::int64_t done, std::int64_t total, const std::string& text,
                          double elapsed_s);

 private:
  using Clock = std::chrono::steady_clock;
  std::string stage_;
  bool terminal_;
  bool drawn_ = false;
  std::int64_t first_done_ = -1;  // a resumed stage starts here, so that the time left is right
  std::string last_text_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_{};
};

bool is_terminal();

// "850 ms", "12 s", "3 min 20 s", "2 h 5 min".
std::string readable_seconds(double seconds);
// "512 B", "1.5 MB", "2.3 GB".
std::string readable_bytes(double bytes);

}  // namespace ctforge::pipeline
