// Several processes of one test, forked, that meet on the loopback.
#pragma once

#include "models/train/parallel.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::train::support {

// What a process of `size` is told to do; it says what it found by a text, empty: nothing to complain of.
using Work = std::function<std::string(Group& group)>;

struct ProcessEnd {
  int signal = 0, exit_code = 0;
  std::string said;
};

// Each process runs `work` on one thread, leaves the group unless work throws, and exits with 0, or with 1 where it
// threw PeerLost, 2 for any other exception. To be called before the test's own process has used OpenMP threads.
std::vector<ProcessEnd> run_processes(int size, const Work& work, const Group::Options& options = {});

inline void expect_nothing_to_complain_of(const std::vector<ProcessEnd>& ends) {
  for (const ProcessEnd& end : ends) {
    EXPECT_EQ(end.signal, 0);
    EXPECT_EQ(end.exit_code, 0);
    EXPECT_EQ(end.said, "");
  }
}

}  // namespace ctforge::train::support
