// Who of the processes that train together is still there. c10d's types stay with parallel.cpp, which alone includes
// this.
#pragma once

#include "models/train/parallel.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include <torch/csrc/distributed/c10d/Store.hpp>

namespace ctforge::train {

// The store in which all processes of a group leave word; `serves`: this one keeps it. Throws what c10d throws, and
// std::system_error where no port can be had.
c10::intrusive_ptr<c10d::Store> connect_store(const Rendezvous& where, bool serves, std::chrono::milliseconds within);

// Where a process leaves in the store how it is: a number that counts up, or one of these words.
std::string state_key(int rank);
inline constexpr const char *kLeft = "left", *kFailed = "failed";

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
