// Mixed precision: automatic casting on CPU and CUDA through one switch, and the loss scaling that fp16 needs.
#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::train {

enum class Precision {
  Fp32,
  Bf16,  // operators that gain from it run in bfloat16, weights stay float32; needs no loss scaling
  Fp16,  // CUDA only: float16 with loss scaling
};

// "fp32", "bf16", "fp16"; throws std::invalid_argument for another text.
Precision precision_from_name(const std::string& name);

// Throws std::invalid_argument where the device cannot run it: fp16 on a CPU has neither speed nor range.
void check_precision(Precision precision, torch::Device device);

// Automatic casting on a device for as long as the object lives; the state before is restored.
class Autocast {
 public:
  Autocast(torch::Device device, Precision precision);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool was_enabled_;
  at::ScalarType was_dtype_;
};

// Dynamic loss scaling (Micikevicius et al. 2018, section 3.2): the loss is multiplied by a power of two before
// backward; a step whose gradients overflow is left out and the scale halved; it doubles after growth_interval good
// steps in a row.
class GradScaler {
 public:
  struct State {
    double scale = 65536;
    std::int64_t good_steps = 0;  // in a row since the scale last changed
  };
  explicit GradScaler(bool enabled, std::int64_t growth_interval = 2000)
      : enabled_(enabled), growth_interval_(growth_interval) {}
  bool enabled() const { return enabled_; }
  // Scalar times the scale (unchanged when disabled).
  torch::Tensor scale(const torch::Tensor& loss) const;
  // Divides the gradients by the scale in place.
  void unscale(const std::vector<torch::Tensor>& gradients) const;
  // Tells whether the step's gradients were finite; returns false when the step must be left out. A scale that would
  // fall below 1 means the gradients themselves are not finite: throws std::overflow_error.
  bool update(bool finite);
  const State& state() const { return state_; }
  void restore(const State& state) { state_ = state; }

 private:
  bool enabled_;
  std::int64_t growth_interval_;
  State state_;
};

}  // namespace ctforge::train
