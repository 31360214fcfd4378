// A process that stands still is noticed by the others.
#include "tests/models/train/processes.h"

#include <chrono>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace ctforge::train {
namespace {

using namespace support;

// Nothing closes: only that it gives no sign of life shows it.
TEST(PeerWatch, EndsTheProcessWhenAnotherHangs) {
  const auto ends = run_processes(2,
                                  [](Group& group) -> std::string {
                                    if (group.rank() == 1) {
                                      // Lets the other go, then stands still; the other's end wakes nobody, so a child
                                      // of ours does.
                                      const pid_t self = ::getpid();
                                      if (::fork() == 0) {
                                        std::this_thread::sleep_for(std::chrono::seconds(8));
                                        ::kill(self, SIGKILL);
                                        std::_Exit(0);
                                      }
                                      ::raise(SIGSTOP);
                                    }
                                    group.barrier();
                                    return "nothing happened";
                                  },
                                  {.lost_after = std::chrono::milliseconds(1500), .silent = true, .lost_code = 7});
  EXPECT_EQ(ends[0].exit_code, 7);
}

// A process that says so itself is believed at once, and nothing is printed of it.
TEST(PeerWatch, OneThatFailsIsNotWaitedFor) {
  const auto start = std::chrono::steady_clock::now();
  const auto ends = run_processes(2,
                                  [](Group& group) -> std::string {
                                    if (group.rank() == 1) {
                                      group.first_to_fail();
                                      std::this_thread::sleep_for(std::chrono::seconds(2));
                                      std::_Exit(3);
                                    }
                                    std::this_thread::sleep_for(std::chrono::seconds(60));
                                    return "nothing happened";
                                  },
                                  {.lost_after = std::chrono::milliseconds(1500), .silent = true, .lost_code = 7});
  EXPECT_EQ(ends[0].exit_code, 7);
  EXPECT_EQ(ends[1].exit_code, 3);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace ctforge::train
