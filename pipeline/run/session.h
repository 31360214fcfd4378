// What a command shares with the other processes that were started with it, and which of them says what went wrong.
#pragma once

#include "models/train/parallel.h"
#include "pipeline/cluster/ranks.h"
#include "pipeline/config/config.h"
#include "pipeline/run/run.h"

#include <memory>
#include <string>

namespace ctforge::pipeline {

// One line on stderr; returns the code.
int report_error(int code, const std::string& message);

class Session {
 public:
  Ranks ranks;  // set before join

  // Meets the others, if there are any, on the device that the configuration names. All but the first stop logging.
  Together join(const Config& config);
  // Where all processes end for the same reason: waits until none needs the others.
  void leave();
  // Return the exit code. The first process to fail says why, or, where all left together, the first of them.
  int fail(int code, const std::string& message);
  // Nothing more is said where that process has said it, or ctforge launch will.
  int lost(const train::PeerLost& lost) const;

 private:
  std::unique_ptr<train::Group> group_;
  bool left_ = false;
};

}  // namespace ctforge::pipeline
