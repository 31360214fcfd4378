// Threads that take pieces until none is left.
#include "pipeline/sample/draw_threads.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace {

// One thread for all that is computed until the end of the scope.
class OneThread {
 public:
  OneThread() : before_(torch::get_num_threads()) { torch::set_num_threads(1); }
  ~OneThread() { torch::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  int before() const { return before_; }

 private:
  int before_;
};

}  // namespace

void each_on_one_thread(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  const OneThread one;
  std::atomic<std::int64_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto take = [&] {
    const torch::NoGradGuard no_grad;
    try {
      for (std::int64_t i; (i = next++) < count;) work(i);
    } catch (...) {
      next = count;
      const std::lock_guard<std::mutex> lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (std::int64_t i = 1; i < std::min<std::int64_t>(count, one.before()); ++i)
    threads.emplace_back([&take] {
      torch::set_num_threads(1);  // OpenMP's number is each thread's own
      take();
    });
  take();
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace ctforge::pipeline
