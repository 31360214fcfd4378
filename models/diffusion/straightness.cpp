// Sums along trajectories.
#include "models/diffusion/straightness.h"

#include <limits>
#include <stdexcept>
#include <utility>

namespace ctforge::diffusion {

Straightness::Straightness(Path path) : path_(std::move(path)), value_(std::numeric_limits<double>::quiet_NaN()) {}

void Straightness::add(double t, const torch::Tensor& x) {
  const AlphaSigma level = path_.at(t);
  add_state(level.sigma / (level.alpha + level.sigma), x.to(torch::kFloat64) / (level.alpha + level.sigma));
}

void Straightness::add_end(const torch::Tensor& x0) {
  add_state(0, x0.to(torch::kFloat64));
  // The mean of (v - d)^2 is that of v^2 less d^2, d being the mean of v.
  const double length = first_share_ - last_share_;
  const double displacement = ((first_ - last_) / length).square().mean().item<double>();
  value_ = energy_ / length - displacement;
}

double Straightness::value() const { return value_; }

void Straightness::add_state(double share, const torch::Tensor& state) {
  if (!first_.defined()) {
    first_ = state;
    first_share_ = share;
  } else {
    const double step = last_share_ - share;
    if (!(step > 0)) throw std::invalid_argument("a trajectory must go from noise to data");
    energy_ += ((last_ - state) / step).square().mean().item<double>() * step;
  }
  last_ = state;
  last_share_ = share;
}

}  // namespace ctforge::diffusion
