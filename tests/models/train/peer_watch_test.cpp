// A process that stands still is noticed by the others, unless they stood still with it.
#include "models/train/peer_watch.h"

#include "tests/models/train/processes.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include <c10/util/Exception.h>
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

// Stops this process after a while, and wakes it again, by a child.
void stand_still(std::chrono::milliseconds after, std::chrono::milliseconds time) {
  const pid_t self = ::getpid();
  if (::fork() != 0) return;
  std::this_thread::sleep_for(after);
  ::kill(self, SIGSTOP);
  std::this_thread::sleep_for(time);
  ::kill(self, SIGCONT);
  std::_Exit(0);
}

// As a job that Slurm suspends: stopped and woken up nearly at once, after longer than lost_after.
TEST(PeerWatch, ForgivesATimeInWhichAllStoodStill) {
  expect_nothing_to_complain_of(run_processes(2,
                                              [](Group& group) -> std::string {
                                                using std::chrono::milliseconds;
                                                group.barrier();
                                                // The first is awake again while the second is still silent.
                                                const bool second = group.rank() == 1;
                                                stand_still(milliseconds(second ? 0 : 500),
                                                            milliseconds(second ? 4400 : 3500));
                                                std::this_thread::sleep_for(milliseconds(6500));
                                                group.barrier();
                                                return "";
                                              },
                                              {.lost_after = std::chrono::milliseconds(1500), .lost_code = 7}));
}

TEST(Sightings, CountOnlyTimeInWhichThisProcessWasAwake) {
  using std::chrono::seconds;
  const Sightings::Clock::time_point start{};
  Sightings sightings(3, seconds(30), start);
  const auto look = [&](seconds at, const char* first, const char* second) {
    const bool stood = sightings.stood_still(start + at);
    sightings.look(1, first, start + at);
    sightings.look(2, second, start + at);
    return stood;
  };
  for (int s = 5; s <= 30; s += 5) EXPECT_FALSE(look(seconds(s), std::to_string(s).c_str(), "1"));
  EXPECT_FALSE(sightings.lost(2, start + seconds(35)));
  EXPECT_FALSE(look(seconds(36), "36", "1"));
  EXPECT_TRUE(sightings.lost(2, start + seconds(36))) << "silent since 5 s";
  EXPECT_FALSE(sightings.lost(1, start + seconds(36)));
  EXPECT_TRUE(look(seconds(500), "36", "1")) << "this one was stopped";
  EXPECT_FALSE(sightings.lost(1, start + seconds(500)) || sightings.lost(2, start + seconds(500)));
  EXPECT_FALSE(look(seconds(515), "36", kLeft)) << "late, but awake";
  EXPECT_FALSE(look(seconds(531), "36", kLeft));
  EXPECT_TRUE(sightings.lost(1, start + seconds(531))) << "counted anew since 500 s";
  EXPECT_FALSE(sightings.lost(2, start + seconds(531))) << "it may be silent";
}

TEST(PeerWatch, TellsAnothersEndFromTroublesOfItsOwn) {
  const c10::SourceLocation here{"f", "file", 1};
  EXPECT_TRUE(means_peer_lost(c10::DistNetworkError(here, "Connection reset by peer")));
  EXPECT_TRUE(means_peer_lost(c10::DistStoreError(here, "Socket Timeout")));
  EXPECT_TRUE(means_peer_lost(std::runtime_error("Connection closed by peer [127.0.0.1]:1")));
  EXPECT_TRUE(means_peer_lost(c10::Error(here, "Gloo connectFullMesh failed with Connect timeout")));
  EXPECT_TRUE(means_peer_lost(c10::DistBackendError(here, "NCCL error: ncclRemoteError: a process exited")));
  EXPECT_FALSE(means_peer_lost(c10::DistBackendError(here, "NCCL error: ncclInvalidUsage: Duplicate GPU detected")));
  EXPECT_FALSE(means_peer_lost(c10::OutOfMemoryError(here, "CUDA out of memory")));
  EXPECT_FALSE(means_peer_lost(c10::Error(here, "CUDA error: an illegal memory access was encountered")));
  EXPECT_FALSE(means_peer_lost(std::bad_alloc()));
  EXPECT_FALSE(means_peer_lost(std::invalid_argument("this build has no NCCL")));
  EXPECT_FALSE(means_peer_lost(std::system_error(EADDRINUSE, std::generic_category(), "a port")));
}

}  // namespace
}  // namespace ctforge::train
