// Who of the processes that train together is still there. c10d's types stay with parallel.cpp, which alone includes
// this.
#pragma once

#include "models/train/parallel.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <torch/csrc/distributed/c10d/Store.hpp>

namespace ctforge::train {

// The store in which all processes of a group leave word; `serves`: this one keeps it. Throws what c10d throws, and
// std::system_error where the port cannot be had.
c10::intrusive_ptr<c10d::Store> connect_store(const Rendezvous& where, bool serves, std::chrono::milliseconds within);

// Where a process leaves in the store how it is: a number that counts up, or one of these words.
std::string state_key(int rank);
inline constexpr const char *kLeft = "left", *kFailed = "failed";

// Whether what c10d or Gloo threw means that another process is gone or never came. What is of this process alone is
// not: too little memory, a GPU or NCCL that does not work, a wrong argument.
bool means_peer_lost(const std::exception& error);

// When each process was last seen alive. The clock runs on while this process stands still itself (Slurm's suspension,
// a virtual machine that moves), so that all others would seem to have been silent: that time is forgiven them.
class Sightings {
 public:
  using Clock = std::chrono::steady_clock;
  Sightings(int size, Clock::duration lost_after, Clock::time_point now);
  // To be called at least each sixth of lost_after. Whether this process stood still since the last call, by more than
  // half of lost_after; then all count as seen now.
  bool stood_still(Clock::time_point now);
  // What a process has left in the store.
  void look(int other, const std::string& state, Clock::time_point now);
  bool lost(int other, Clock::time_point now) const;

 private:
  Clock::duration lost_after_;
  Clock::time_point awake_;
  std::vector<std::string> last_;
  std::vector<Clock::time_point> seen_;
};

// Counts up this process's number now and then, and looks at the others'. Its connection to the store is one of its
// own: the group's may be busy waiting. Where another is lost, prints one line unless silent, and ends the process.
class PeerWatch {
 public:
  PeerWatch(const Rendezvous& where, const Group::Options& options);
  ~PeerWatch() { stop(); }
  PeerWatch(const PeerWatch&) = delete;
  PeerWatch& operator=(const PeerWatch&) = delete;

  // From now on it says nothing.
  void hush() { silent_ = true; }
  void start();
  void stop();

 private:
  void beat(const std::string& state) { store_->set(state_key(rank_), state); }
  void run();
  void look_at(int other, Sightings& sightings);
  [[noreturn]] void end(int other, bool told);

  int rank_, size_;
  Group::Options options_;
  c10::intrusive_ptr<c10d::Store> store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::atomic<bool> silent_;
  std::thread thread_;
};

}  // namespace ctforge::train
