// When unfinished work is to be saved again.
#pragma once

#include <chrono>

namespace ctforge::pipeline {

class SaveTimer {
 public:
  // every_s: seconds between saves; 0: it is always time.
  explicit SaveTimer(double every_s) : every_(every_s) {}
  bool due() const { return Clock::now() - saved_ >= every_; }
  void saved() { saved_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::duration<double> every_;
  Clock::time_point saved_ = Clock::now();
};

}  // namespace ctforge::pipeline
