// Moving averages of the weights, in float32.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <torch/nn/module.h>

namespace ctforge::train {

struct EmaOptions {
  double half_life_steps = 1000;  // an update this many steps ago counts half
  // The half life is at most this part of the steps so far, so that the random start is forgotten soon
  // (Karras et al. 2022, EMA ramp-up). 0: no ramp.
  double ramp = 0.05;
};

class Ema {
 public:
  // The factor that the average so far keeps at step `steps_done` (counted from 1).
  using Decay = std::function<double(std::int64_t steps_done)>;
  // 2^(-1 / half life). Throws std::invalid_argument for options out of range.
  static Decay exponential(EmaOptions options);

  // Starts from the values that the parameters have; floating-point buffers follow the module unaveraged.
  Ema(const torch::nn::Module& module, Decay decay);
  Ema(const torch::nn::Module& module, EmaOptions options) : Ema(module, exponential(options)) {}
  // After step `steps_done` (counted from 1).
  void update(std::int64_t steps_done);
  double decay(std::int64_t steps_done) const { return decay_(steps_done); }

  // By the module's own parameter and buffer names; the tensors are shared with this object.
  std::map<std::string, torch::Tensor> state() const;
  // Names and shapes must be those of state(); throws std::invalid_argument.
  void restore(const std::map<std::string, torch::Tensor>& state);

 private:
  Decay decay_;
  std::vector<std::string> names_;
  std::vector<torch::Tensor> parameters_, averages_;
  std::map<std::string, torch::Tensor> buffers_;
};

// Exchanges the module's weights with the averages for as long as the object lives (validation in mid-training).
class EmaScope {
 public:
  EmaScope(torch::nn::Module& module, const Ema& ema);
  ~EmaScope();
  EmaScope(const EmaScope&) = delete;
  EmaScope& operator=(const EmaScope&) = delete;

 private:
  std::map<std::string, torch::Tensor> saved_;
  torch::nn::Module& module_;
};

}  // namespace ctforge::train
