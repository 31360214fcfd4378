// What processes tell each other, and what happens when one is lost.
#include "models/train/parallel.h"

#include "models/train/loopback.h"
#include "tests/models/train/processes.h"

#include <chrono>
#include <string>
#include <system_error>

#include <gtest/gtest.h>
#include <signal.h>
#include <torch/utils.h>
#include <unistd.h>

namespace ctforge::train {
namespace {

using namespace support;

TEST(Group, ReducesComparesAndGathers) {
  expect_nothing_to_complain_of(run_processes(3, [](Group& group) -> std::string {
    const double rank = group.rank();
    if (group.sum({1, rank}) != std::vector<double>({3, 3})) return "sum";
    if (group.mean(rank) != 1) return "mean";
    if (group.any(false) || !group.any(group.rank() == 2)) return "any";
    if (!group.agree("a") || group.agree(group.rank() == 1 ? "a" : "b")) return "agree";
    const auto all = group.gather(torch::full({2}, rank));
    if (all.size() != 3 || all[2][1].item<double>() != 2) return "gather";
    // f(sum) = sum^2: the gradient's mean over processes is f' of the sum times each one's own.
    auto own = torch::full({1}, rank + 1).requires_grad_();
    group.whole_sum(own).square().sum().backward();
    if (own.grad().item<double>() != 3 * 2 * 6) return "whole_sum";
    return "";
  }));
}

TEST(Group, EndsWithAnErrorWhenAProcessIsKilled) {
  const auto start = std::chrono::steady_clock::now();
  const auto ends = run_processes(3,
                                  [](Group& group) -> std::string {
                                    for (int i = 0; i < 1000; ++i) {
                                      if (i == 20 && group.rank() == 1) ::raise(SIGKILL);
                                      group.sum({1});
                                    }
                                    return "nothing happened";
                                  },
                                  {.silent = true});
  EXPECT_EQ(ends[1].signal, SIGKILL);
  for (const int other : {0, 2}) {
    EXPECT_EQ(ends[static_cast<std::size_t>(other)].signal, 0);
    EXPECT_EQ(ends[static_cast<std::size_t>(other)].exit_code, 1);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Group, SaysSoWhenNotAllCome) {
  const int listener = listen_on_loopback(0);
  const Rendezvous where{0, 2, "127.0.0.1", port_of(listener), listener, false, {}};
  try {
    const Group group(where, torch::kCPU, {.meet_within = std::chrono::milliseconds(500), .silent = true});
    FAIL();
  } catch (const PeerLost& lost) {
    EXPECT_NE(std::string(lost.what()).find("not all of the 2 processes met"), std::string::npos) << lost.what();
  }
  EXPECT_THROW(Group({.rank = 2, .size = 2}, torch::kCPU), std::invalid_argument);
}

// On one machine and on several.
TEST(Group, SaysThatAnotherProgramHasItsPort) {
  const int taken = listen_on_network(0);
  for (const char* address : {"127.0.0.1", "node1.example"}) {
    try {
      const Group group({.rank = 0, .size = 2, .address = address, .port = port_of(taken)}, torch::kCPU);
      ADD_FAILURE() << address;
    } catch (const std::system_error& error) {
      EXPECT_NE(std::string(error.what()).find("set MASTER_PORT"), std::string::npos) << error.what();
    }
  }
  ::close(taken);
}

// What only one process did wrong is no loss of another.
TEST(Group, KeepsTheTextOfErrorsOfItsOwn) {
  const auto ends = run_processes(2, [](Group& group) -> std::string {
    auto nowhere = torch::zeros({2}, torch::TensorOptions().device(torch::kMeta));
    group.start_sum(nowhere)->wait();
    return "it was summed";
  });
  for (const ProcessEnd& end : ends) {
    EXPECT_EQ(end.exit_code, 2) << end.said;
    EXPECT_NE(end.said, "");
    EXPECT_EQ(end.said.find("ended or was lost"), std::string::npos) << end.said;
  }
}

}  // namespace
}  // namespace ctforge::train
