// A clock and a counter beside a socket: cuts the connection when an exchange takes too long, brings too much, or the
// program is asked to stop, whatever the library that reads from it is waiting for.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>

namespace ctforge::io {

class SocketWatch {
 public:
  // Commands, identifiers and details come into memory and have some hundred bytes. DCMTK goes down one call deeper for
  // each sequence within a sequence: the 4096 that fit into so much are what a stack of 8 MB bears.
  static constexpr std::int64_t kMostMessageBytes = 64 << 10;
  static constexpr std::int64_t kAnyBytes = std::numeric_limits<std::int64_t>::max();

  explicit SocketWatch(std::function<bool()> interrupted);
  ~SocketWatch();
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;

  // From now on this socket; it is duplicated, so that it may be closed at any time.
  void watch(int socket);
  // The exchange that begins now may take so long, and bring one message; called again, that one begins anew.
  void begin(int seconds);
  // The exchange may take so long from now on, or bring so many bytes from now on; the other of the two stays.
  void extend(int seconds);
  void expect(std::int64_t bytes = kMostMessageBytes);
  void end();
  // Bytes that came; false, and the connection is cut, where they are too many. Who reads tells, since what waits in
  // the socket may belong to later messages.
  bool count(std::int64_t bytes);
  // Both directions end: who reads or writes gets an error.
  void cut();
  bool was_cut() const { return cut_.load(); }
  bool was_flooded() const { return flooded_.load(); }  // cut, since too much came

 private:
  using Clock = std::chrono::steady_clock;
  void run(const std::stop_token& stop);
  void shut();

  std::function<bool()> interrupted_;
  std::mutex mutex_;
  int socket_ = -1;
  Clock::time_point deadline_ = Clock::time_point::max();
  std::int64_t bytes_left_ = kAnyBytes;
  std::atomic<bool> cut_{false}, flooded_{false};
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace ctforge::io
