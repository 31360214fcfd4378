// AdamW's step and moments to and from named tensors.
#include "models/train/optimizer_state.h"

#include <cstdint>
#include <memory>

#include <torch/utils.h>

namespace ctforge::train {

namespace {

torch::optim::AdamWParamState& state_of(torch::optim::AdamW& optimizer, const torch::Tensor& parameter) {
  auto& slot = optimizer.state()[parameter.unsafeGetTensorImpl()];
  if (!slot) {
    auto fresh = std::make_unique<torch::optim::AdamWParamState>();
    fresh->exp_avg(torch::zeros_like(parameter, torch::MemoryFormat::Preserve));
    fresh->exp_avg_sq(torch::zeros_like(parameter, torch::MemoryFormat::Preserve));
    slot = std::move(fresh);
  }
  return static_cast<torch::optim::AdamWParamState&>(*slot);
}

}  // namespace

void add_adamw(torch::optim::AdamW& optimizer, const NamedParameters& parameters,
               std::map<std::string, torch::Tensor>& tensors) {
  for (const auto& [name, parameter] : parameters) {
    const auto& state = state_of(optimizer, parameter);
    tensors["adamw.step." + name] = torch::full({1}, state.step(), torch::kInt64);
    tensors["adamw.exp_avg." + name] = state.exp_avg();
    tensors["adamw.exp_avg_sq." + name] = state.exp_avg_sq();
  }
}

void restore_adamw(torch::optim::AdamW& optimizer, const NamedParameters& parameters,
                   const std::map<std::string, torch::Tensor>& tensors) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    auto& state = state_of(optimizer, parameter);
    state.step(tensors.at("adamw.step." + name).item<std::int64_t>());
    state.exp_avg().copy_(tensors.at("adamw.exp_avg." + name));
    state.exp_avg_sq().copy_(tensors.at("adamw.exp_avg_sq." + name));
  }
}

}  // namespace ctforge::train
