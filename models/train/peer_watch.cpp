// A thread that compares what the store says with what it said before.
#include "models/train/peer_watch.h"

#include "models/train/loopback.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <fcntl.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace ctforge::train {

c10::intrusive_ptr<c10d::Store> connect_store(const Rendezvous& where, bool serves, std::chrono::milliseconds within) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(where.port);
  options.isServer = serves;
  options.numWorkers = static_cast<std::size_t>(where.size);
  options.waitWorkers = false;
  options.timeout = within;
  // The store's own socket would listen to the whole network.
  if (serves && where.listener) {
    ::fcntl(*where.listener, F_SETFD, FD_CLOEXEC);  // not for programs that this one starts
    options.masterListenFd = where.listener;
  }
  if (serves && !where.listener && is_loopback(where.address)) options.masterListenFd = listen_on_loopback(where.port);
  return c10::make_intrusive<c10d::PrefixStore>("ctforge" + where.attempt,
                                                c10::make_intrusive<c10d::TCPStore>(where.address, options));
}

std::string state_key(int rank) { return "state/" + std::to_string(rank); }

PeerWatch::PeerWatch(const Rendezvous& where, const Group::Options& options)
    : rank_(where.rank),
      size_(where.size),
      options_(options),
      store_(connect_store(where, false, options.lost_after)),
      silent_(options.silent) {
  beat("0");
}

void PeerWatch::start() {
  thread_ = std::thread([this] { run(); });
}

void PeerWatch::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PeerWatch::run() {
  using Clock = std::chrono::steady_clock;
  std::vector<std::string> last(static_cast<std::size_t>(size_));
  std::vector<Clock::time_point> seen(last.size(), Clock::now());
  std::int64_t beats = 0;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!wake_.wait_for(lock, options_.lost_after / 6, [this] { return stopped_; })) {
    try {
      beat(std::to_string(++beats));
      for (int other = 0; other < size_; ++other) {
        const auto i = static_cast<std::size_t>(other);
        const std::string state = store_->get_to_str(state_key(other));
        if (state == kFailed) end(other, true);
        if (state != last[i] || state == kLeft) seen[i] = Clock::now();
        last[i] = state;
        if (Clock::now() - seen[i] > options_.lost_after) end(other, false);
      }
    } catch (const std::exception&) {
      end(0, false);  // who keeps the store
    }
  }
}

void PeerWatch::end(int other, bool told) {
  if (!told && !silent_) {
    const std::string line = "ctforge: process " + std::to_string(other) + " of the " + std::to_string(size_) +
                             " that train together was lost; what is saved is kept: run the same command to go on\n";
    std::fputs(line.c_str(), stderr);
  }
  std::fflush(nullptr);
  std::_Exit(options_.lost_code);
}

}  // namespace ctforge::train
