// Data-parallel training: the processes that train one model together, and what they tell each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::train {

// Where the processes of a group meet.
struct Rendezvous {
  int rank = 0, size = 1;
  std::string address;          // of rank 0's machine
  int port = 0;                 // that rank 0 listens on
  std::optional<int> listener;  // rank 0: a descriptor that listens there already
  bool hosted = false;          // somebody else (torchrun) listens there, not rank 0
  std::string attempt;          // tells this meeting from earlier ones of the same address and port
};

// A process of the group is gone, hangs or never came. `told`: it has said itself why.
class PeerLost : public std::runtime_error {
 public:
  PeerLost(const std::string& text, bool told_already) : std::runtime_error(text), told(told_already) {}
  bool told;
};

// A process that shows no sign of life for so long is lost. One that dies is noticed sooner, when its connections
// close. Time in which all stand still together, as when Slurm suspends a job, does not count.
inline constexpr std::chrono::seconds kLostAfter{30};
// For all processes to come: machines of a cluster do not start at once.
inline constexpr std::chrono::seconds kMeetWithin{300};

// Something that is under way.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void wait() = 0;
};

// What is said here of all processes, all must call, in the same order. Small numbers go through Gloo over TCP whatever
// the device; tensors on CUDA through NCCL. Any call throws PeerLost when a process is lost; what went wrong in this
// process alone, as too little memory, keeps its own text. While none calls, a thread watches for lost processes: it
// prints one line, unless `silent`, and ends this process with `lost_code`, since the main thread may be waiting for a
// network or a GPU.
class Group {
 public:
  struct Options {
    std::chrono::milliseconds lost_after = kLostAfter, meet_within = kMeetWithin;
    bool silent = false;
    int lost_code = 1;
  };
  // Waits for all. device: what gradients are on, of this process. Throws PeerLost where not all come, and
  // std::system_error for rank 0 where another program has its port.
  Group(const Rendezvous& where, torch::Device device, const Options& options);
  Group(const Rendezvous& where, torch::Device device) : Group(where, device, Options{}) {}
  // Does not wait for others: after a failure they may never answer.
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int rank() const;
  int size() const;
  bool leads() const { return rank() == 0; }

  double mean(double value);
  std::vector<double> sum(std::vector<double> values);
  bool any(bool value);
  // Whether all give the same text.
  bool agree(const std::string& text);
  void barrier();
  // Each process's tensor, in the order of the ranks. CPU, the same shape and type everywhere.
  std::vector<torch::Tensor> gather(const torch::Tensor& own);
  // The mean over processes, detached; any device.
  torch::Tensor mean(const torch::Tensor& own);
  // Begins to sum over processes in place; other calls may come before its end is waited for.
  std::unique_ptr<Exchange> start_sum(torch::Tensor& tensor);
  // The sum over processes of what each has of a whole batch. The gradient is such that averaging those of the
  // parameters over processes gives that of a function of the whole batch's sum.
  torch::Tensor whole_sum(const torch::Tensor& own);

  // The last call: no more is expected of this process. Rank 0 stays until all have left.
  void leave();
  // Tells the others that this process is about to fail. True for the first of those that do, which is to say why.
  bool first_to_fail();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ctforge::train
