// The thread that looks at the clock.
#include "io/network/dicom_network_watch.h"

#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ctforge::io {

SocketWatch::SocketWatch(std::function<bool()> interrupted)
    : interrupted_(std::move(interrupted)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

SocketWatch::~SocketWatch() {
  thread_.request_stop();
  thread_.join();
  if (socket_ >= 0) ::close(socket_);
}

void SocketWatch::watch(int socket) {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::close(socket_);
  socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (cut_) shut();
}

void SocketWatch::begin(int seconds) {
  const std::lock_guard lock(mutex_);
  deadline_ = Clock::now() + std::chrono::seconds(seconds);
  bytes_left_ = kMostMessageBytes;
}

void SocketWatch::extend(int seconds) {
  const std::lock_guard lock(mutex_);
  deadline_ = Clock::now() + std::chrono::seconds(seconds);
}

void SocketWatch::expect(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_left_ = bytes;
}

void SocketWatch::end() {
  const std::lock_guard lock(mutex_);
  deadline_ = Clock::time_point::max();
}

bool SocketWatch::count(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_left_ -= bytes;
  if (bytes_left_ >= 0) return true;
  flooded_ = cut_ = true;
  shut();
  return false;
}

void SocketWatch::cut() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  shut();
}

void SocketWatch::shut() {
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

void SocketWatch::run(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds step(50);
  while (!stop.stop_requested()) {
    std::this_thread::sleep_for(step);
    bool late = false;
    {
      const std::lock_guard lock(mutex_);
      late = Clock::now() > deadline_;
    }
    if (!was_cut() && (late || interrupted_())) cut();
  }
}

}  // namespace ctforge::io
