// A network that takes no part in learning for a while.
#pragma once

#include <vector>

#include <torch/nn/module.h>

namespace ctforge::pipeline {

// Its parameters take no gradient from what is computed while the object lives.
class Frozen {
 public:
  explicit Frozen(torch::nn::Module& module) : parameters_(module.parameters()) { set(false); }
  ~Frozen() { set(true); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  void set(bool wanted) {
    for (torch::Tensor& parameter : parameters_) parameter.requires_grad_(wanted);
  }
  std::vector<torch::Tensor> parameters_;
};

}  // namespace ctforge::pipeline
