// Implements automatic casting and loss scaling.
#include "models/train/precision.h"

#include <stdexcept>

#include <ATen/autocast_mode.h>

namespace ctforge::train {

Precision precision_from_name(const std::string& name) {
  if (name == "fp32") return Precision::Fp32;
  if (name == "bf16") return Precision::Bf16;
  if (name == "fp16") return Precision::Fp16;
  throw std::invalid_argument("unknown precision '" + name + "'; known: fp32, bf16, fp16");
}

void check_precision(Precision precision, torch::Device device) {
  if (precision == Precision::Fp16 && !device.is_cuda()) {
    throw std::invalid_argument("precision fp16 needs a CUDA device; use bf16 or fp32 on " + device.str());
  }
}

Autocast::Autocast(torch::Device device, Precision precision)
    : device_(device.type()),
      was_enabled_(at::autocast::is_autocast_enabled(device_)),
      was_dtype_(at::autocast::get_autocast_dtype(device_)) {
  check_precision(precision, device);
  at::autocast::increment_nesting();
  at::autocast::set_autocast_enabled(device_, precision != Precision::Fp32);
  if (precision != Precision::Fp32) {
    at::autocast::set_autocast_dtype(device_, precision == Precision::Bf16 ? at::kBFloat16 : at::kHalf);
  }
}

Autocast::~Autocast() {
  // The weights cast so far are stale once an optimiser has changed the originals.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, was_enabled_);
  at::autocast::set_autocast_dtype(device_, was_dtype_);
}

torch::Tensor GradScaler::scale(const torch::Tensor& loss) const { return enabled_ ? loss * state_.scale : loss; }

void GradScaler::unscale(const std::vector<torch::Tensor>& gradients) const {
  if (enabled_ && !gradients.empty()) torch::_foreach_mul_(gradients, 1 / state_.scale);
}

bool GradScaler::update(bool finite) {
  if (!enabled_) return finite;
  if (finite) {
    if (++state_.good_steps == growth_interval_) {
      state_.scale *= 2;
      state_.good_steps = 0;
    }
    return true;
  }
  state_.scale /= 2;
  state_.good_steps = 0;
  if (state_.scale < 1) throw std::overflow_error("gradients are not finite at any loss scale");
  return false;
}

}  // namespace ctforge::train
