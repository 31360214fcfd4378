// AdamW (Loshchilov and Hutter 2019) by LibTorch's fused kernels, which its own C++ optimiser does not use: one pass
// over memory instead of eight.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace ctforge::train {

using NamedParameters = std::vector<std::pair<std::string, torch::Tensor>>;

// Those that are trained, under their dotted names.
NamedParameters trained_parameters(const torch::nn::Module& module);

// The gradient with its elements in the order in which the parameter's lie in memory: itself, nearly always.
torch::Tensor in_memory_order_of(const torch::Tensor& parameter, const torch::Tensor& gradient);

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  // of the learning rate, not of the gradient
};

class AdamW {
 public:
  // Parameters of one device and type, each of its own name.
  AdamW(NamedParameters parameters, AdamWOptions options);

  void zero_grad();
  // With the gradients that there are: a parameter without one stays as it is, and so do its moments.
  void step(double learning_rate);

  // Adds, for each parameter NAME, "adamw.step.NAME" (int64 [1]), "adamw.exp_avg.NAME" and "adamw.exp_avg_sq.NAME" (as
  // the parameter); zeros for those not yet stepped. The moments are the optimiser's own tensors, not copies.
  void add_state(std::map<std::string, torch::Tensor>& tensors) const;
  // The reverse. Throws std::out_of_range where one is missing.
  void restore(const std::map<std::string, torch::Tensor>& tensors);

 private:
  NamedParameters parameters_;
  AdamWOptions options_;
  std::vector<torch::Tensor> steps_;  // float32 [], as the kernels want them: exact up to 16 million
  std::vector<torch::Tensor> exp_avg_, exp_avg_sq_;
};

}  // namespace ctforge::train
