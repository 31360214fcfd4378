// Every piece once, each on one thread, exceptions told.
#include "pipeline/sample/draw_threads.h"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

TEST(EachOnOneThread, DoesEveryPieceOnceAndAlone) {
  const int before = torch::get_num_threads();
  torch::set_num_threads(3);
  std::vector<int> done(50, 0);
  std::atomic<bool> alone{true};
  each_on_one_thread(50, [&](std::int64_t i) {
    ++done[static_cast<std::size_t>(i)];
    if (torch::get_num_threads() != 1 || torch::GradMode::is_enabled()) alone = false;
  });
  EXPECT_EQ(done, std::vector<int>(50, 1));
  EXPECT_TRUE(alone);
  EXPECT_EQ(torch::get_num_threads(), 3);
  torch::set_num_threads(before);
}

TEST(EachOnOneThread, ThrowsWhatAPieceThrew) {
  std::atomic<int> begun{0};
  const auto work = [&](std::int64_t i) {
    ++begun;
    std::this_thread::sleep_for(std::chrono::milliseconds(i == 2 ? 0 : 1));  // or one thread could do all the rest
    if (i == 2) throw std::out_of_range("two");
  };
  EXPECT_THROW(each_on_one_thread(1000, work), std::out_of_range);
  EXPECT_LT(begun, 1000);
  EXPECT_NO_THROW(each_on_one_thread(0, work));
}

}  // namespace
}  // namespace ctforge::pipeline
