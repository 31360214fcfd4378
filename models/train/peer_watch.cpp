// A thread that compares what the store says with what it said before.
#include "models/train/peer_watch.h"

#include "models/train/loopback.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <c10/util/Exception.h>
#include <fcntl.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace ctforge::train {

namespace {

bool says(const c10::Error& error, std::string_view text) {
  return std::string_view(error.what_without_backtrace()).find(text) != std::string_view::npos;
}

}  // namespace

c10::intrusive_ptr<c10d::Store> connect_store(const Rendezvous& where, bool serves, std::chrono::milliseconds within) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(where.port);
  options.isServer = serves;
  options.numWorkers = static_cast<std::size_t>(where.size);
  options.waitWorkers = false;
  options.timeout = within;
  if (serves) {
    // The store's own socket would listen to the whole network, and would not say which port it cannot have.
    options.masterListenFd = where.listener               ? *where.listener
                             : is_loopback(where.address) ? listen_on_loopback(where.port)
                                                          : listen_on_network(where.port);
    ::fcntl(*options.masterListenFd, F_SETFD, FD_CLOEXEC);  // not for programs that this one starts
  }
  return c10::make_intrusive<c10d::PrefixStore>("ctforge" + where.attempt,
                                                c10::make_intrusive<c10d::TCPStore>(where.address, options));
}

std::string state_key(int rank) { return "state/" + std::to_string(rank); }

bool means_peer_lost(const std::exception& error) {
  if (const auto* of_c10 = dynamic_cast<const c10::Error*>(&error)) {
    // NCCL gives what goes wrong here and what goes wrong there the same type.
    if (dynamic_cast<const c10::DistBackendError*>(&error) != nullptr)
      return says(*of_c10, "ncclRemoteError") || says(*of_c10, "store->get(");
    return dynamic_cast<const c10::DistError*>(&error) != nullptr || says(*of_c10, "Gloo connectFullMesh failed");
  }
  if (dynamic_cast<const std::system_error*>(&error) != nullptr) return false;
  return dynamic_cast<const std::runtime_error*>(&error) != nullptr;  // Gloo's
}

Sightings::Sightings(int size, Clock::duration lost_after, Clock::time_point now)
    : lost_after_(lost_after),
      awake_(now),
      last_(static_cast<std::size_t>(size)),
      seen_(static_cast<std::size_t>(size), now) {}

bool Sightings::stood_still(Clock::time_point now) {
  const bool stood = now - awake_ > lost_after_ / 6 + lost_after_ / 2;
  if (stood) seen_.assign(seen_.size(), now);
  awake_ = now;
  return stood;
}

void Sightings::look(int other, const std::string& state, Clock::time_point now) {
  const auto i = static_cast<std::size_t>(other);
  if (state != last_[i] || state == kLeft) seen_[i] = now;
  last_[i] = state;
}

bool Sightings::lost(int other, Clock::time_point now) const {
  return now - seen_[static_cast<std::size_t>(other)] > lost_after_;
}

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
  Sightings sightings(size_, options_.lost_after, Sightings::Clock::now());
  std::int64_t beats = 0;
  bool forgiven = false;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!wake_.wait_for(lock, options_.lost_after / 6, [this] { return stopped_; })) {
    try {
      beat(std::to_string(++beats));
      for (int other = 0; other < size_; ++other) look_at(other, sightings);
      forgiven = false;
    } catch (const std::exception&) {
      // Who keeps the store is gone; or stood still together with this process, and answers the next time.
      if (forgiven || !sightings.stood_still(Sightings::Clock::now())) end(0, false);
      forgiven = true;
    }
  }
}

void PeerWatch::look_at(int other, Sightings& sightings) {
  const std::string state = store_->get_to_str(state_key(other));
  if (state == kFailed) end(other, true);
  const auto now = Sightings::Clock::now();
  sightings.stood_still(now);
  sightings.look(other, state, now);
  if (sightings.lost(other, now)) end(other, false);
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
