// A clock beside a socket: cuts the connection when an exchange takes too long or the program is asked to stop,
// whatever the library that reads from it is waiting for.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

namespace ctforge::io {

class SocketWatch {
 public:
  explicit SocketWatch(std::function<bool()> interrupted);
  ~SocketWatch();
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;

  // From now on this socket; it is duplicated, so that it may be closed at any time.
  void watch(int socket);
  // The exchange that begins now may take so long; called again, that one begins anew.
  void begin(int seconds);
  void end();
  // Both directions end: who reads or writes gets an error.
  void cut();
  bool was_cut() const { return cut_.load(); }

 private:
  using Clock = std::chrono::steady_clock;
  void run(const std::stop_token& stop);
  void shut();

  std::function<bool()> interrupted_;
  std::mutex mutex_;
  int socket_ = -1;
  Clock::time_point deadline_ = Clock::time_point::max();
  std::atomic<bool> cut_{false};
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace ctforge::io
