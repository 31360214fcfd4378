// The average of gradients over the processes of a group, on its way while the rest is still computed.
#pragma once

#include "models/train/parallel.h"

#include <cstdint>
#include <memory>
#include <vector>

#include <torch/types.h>

namespace ctforge::train {

// Averages gradients over the processes, in buckets that depend on the parameters alone: each is on its way while the
// way back still computes the next. (c10d::Reducer would do this too, but puts other parameters into its buckets after
// a process's first step, so that a run of three processes or more that is stopped and goes on would sum in another
// order; it also takes no parameter that a step leaves out together with gradient checkpointing.)
class GradientAverage {
 public:
  // parameters: the same, in the same order, everywhere. bucket_bytes: of gradients sent at once.
  GradientAverage(Group& group, std::vector<torch::Tensor> parameters, std::int64_t bucket_bytes = 25 << 20);
  ~GradientAverage();
  GradientAverage(const GradientAverage&) = delete;
  GradientAverage& operator=(const GradientAverage&) = delete;

  // The next way back is the last of a step: its gradients, with what earlier ones added, are what is averaged.
  void begin();
  // Waits; then every parameter's gradient is the average. One without a gradient in a process counts as zero there;
  // one without in all of them stays without. Throws std::logic_error where a gradient was changed after it was sent:
  // the way back reached the parameter twice.
  void finish();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ctforge::train
