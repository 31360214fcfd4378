// Implements the moving average of the weights.
#include "models/train/ema.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <torch/utils.h>

namespace ctforge::train {

Ema::Decay Ema::exponential(EmaOptions options) {
  if (options.half_life_steps <= 0 || options.ramp < 0) {
    throw std::invalid_argument("EMA: the half life must be positive and the ramp not negative");
  }
  return [options](std::int64_t steps_done) {
    double half_life = options.half_life_steps;
    if (options.ramp > 0) half_life = std::min(half_life, options.ramp * static_cast<double>(steps_done));
    return std::exp2(-1 / std::max(half_life, 1e-6));
  };
}

Ema::Ema(const torch::nn::Module& module, Decay decay) : decay_(std::move(decay)) {
  for (const auto& item : module.named_parameters()) {
    names_.push_back(item.key());
    parameters_.push_back(item.value().detach());
    averages_.push_back(item.value().detach().clone().to(torch::kFloat32));
  }
  for (const auto& item : module.named_buffers()) buffers_[item.key()] = item.value();
}

void Ema::update(std::int64_t steps_done) {
  torch::NoGradGuard no_grad;
  torch::_foreach_lerp_(averages_, parameters_, 1 - decay(steps_done));
}

std::map<std::string, torch::Tensor> Ema::state() const {
  std::map<std::string, torch::Tensor> result(buffers_.begin(), buffers_.end());
  for (std::size_t i = 0; i < names_.size(); ++i) result[names_[i]] = averages_[i];
  return result;
}

void Ema::restore(const std::map<std::string, torch::Tensor>& saved) {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto found = saved.find(names_[i]);
    if (found == saved.end() || found->second.sizes() != averages_[i].sizes()) {
      throw std::invalid_argument("EMA state lacks " + names_[i] + " or has it in another shape");
    }
    averages_[i].copy_(found->second);
  }
}

EmaScope::EmaScope(torch::nn::Module& module, const Ema& ema) : module_(module) {
  torch::NoGradGuard no_grad;
  const auto averages = ema.state();
  for (auto& item : module_.named_parameters()) {
    saved_[item.key()] = item.value().detach().clone();
    item.value().copy_(averages.at(item.key()));
  }
}

EmaScope::~EmaScope() {
  torch::NoGradGuard no_grad;
  for (auto& item : module_.named_parameters()) item.value().copy_(saved_.at(item.key()));
}

}  // namespace ctforge::train
