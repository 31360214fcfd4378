// Implements AdamW.
#include "models/train/adamw.h"

#include <cstddef>
#include <cstdint>

#include <torch/utils.h>

namespace ctforge::train {

NamedParameters trained_parameters(const torch::nn::Module& module) {
  NamedParameters result;
  for (const auto& item : module.named_parameters())
    if (item.value().requires_grad()) result.emplace_back(item.key(), item.value());
  return result;
}

torch::Tensor in_memory_order_of(const torch::Tensor& parameter, const torch::Tensor& gradient) {
  if (gradient.strides() == parameter.strides()) return gradient;
  return torch::empty_like(parameter).copy_(gradient);
}

AdamW::AdamW(NamedParameters parameters, AdamWOptions options) : parameters_(std::move(parameters)), options_(options) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters_) {
    steps_.push_back(torch::zeros({}, parameter.options().dtype(torch::kFloat32)));
    exp_avg_.push_back(torch::zeros_like(parameter, torch::MemoryFormat::Preserve));
    exp_avg_sq_.push_back(torch::zeros_like(parameter, torch::MemoryFormat::Preserve));
  }
}

void AdamW::zero_grad() {
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad().reset();
}

void AdamW::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parameters, gradients, exp_avg, exp_avg_sq, steps;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const torch::Tensor& parameter = parameters_[i].second;
    if (!parameter.grad().defined()) continue;
    parameters.push_back(parameter);
    // The fused kernels take it for granted.
    gradients.push_back(in_memory_order_of(parameter, parameter.grad()));
    exp_avg.push_back(exp_avg_[i]);
    exp_avg_sq.push_back(exp_avg_sq_[i]);
    steps.push_back(steps_[i]);
  }
  if (parameters.empty()) return;
  torch::_foreach_add_(steps, 1);
  torch::_fused_adamw_(parameters, gradients, exp_avg, exp_avg_sq, {}, steps, learning_rate, options_.beta1,
                       options_.beta2, options_.weight_decay, options_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

void AdamW::add_state(std::map<std::string, torch::Tensor>& tensors) const {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_[i].first;
    tensors["adamw.step." + name] = steps_[i].to(torch::kCPU, torch::kInt64).reshape({1});
    tensors["adamw.exp_avg." + name] = exp_avg_[i];
    tensors["adamw.exp_avg_sq." + name] = exp_avg_sq_[i];
  }
}

void AdamW::restore(const std::map<std::string, torch::Tensor>& tensors) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_[i].first;
    steps_[i].fill_(tensors.at("adamw.step." + name).item<std::int64_t>());
    exp_avg_[i].copy_(tensors.at("adamw.exp_avg." + name));
    exp_avg_sq_[i].copy_(tensors.at("adamw.exp_avg_sq." + name));
  }
}

}  // namespace ctforge::train
