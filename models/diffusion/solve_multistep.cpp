// Solvers that remember earlier estimates: DPM-Solver++ and pseudo linear multistep.
#include "models/diffusion/solve.h"
#include "models/diffusion/solve_steps.h"

#include <algorithm>
#include <deque>

namespace ctforge::diffusion {

namespace {

constexpr std::size_t kFewSteps = 15;

struct Remembered {
  double log_ratio;  // -lambda of the level
  torch::Tensor data;
};

// The order that step i may have: limited by what is remembered at levels with signal, and 1 where h is infinite.
int order_of(const MultistepOptions& options, const Step& step, std::size_t steps, std::size_t remembered) {
  if (!std::isfinite(step.h()) || step.h() == 0) return 1;
  const int order = std::min(options.order, static_cast<int>(remembered));
  return options.lower_order_final && steps < kFewSteps ? std::min(order, static_cast<int>(steps - step.index)) : order;
}

// x' = (sigma'/sigma) x - alpha' (E0 D0 + E1 D1 + E2 D2) for D(lambda) = D0 + D1 (l - l0)/h + D2 ((l - l0)/h)^2 / 2
// ..., with the stochastic solver's integrals being those of 2 h.
torch::Tensor advance(const MultistepOptions& options, const Step& step, int order, const torch::Tensor& x,
                      const std::deque<Remembered>& past) {
  const double decay = options.stochastic ? std::pow(step.to.ratio() / step.from.ratio(), 2) - 1 : step.expm1_minus_h();
  const double shrink = options.stochastic ? step.to.ratio() / step.from.ratio() : 1;
  auto next = x * (step.to.sigma / step.from.sigma * shrink) - past[0].data * (step.to.alpha * decay);
  if (order == 1) return next;

  const double h = step.h(), length = options.stochastic ? 2 * h : h;
  const double r0 = (past[1].log_ratio - past[0].log_ratio) / h;
  auto first = (past[0].data - past[1].data) / r0;
  if (order == 2) {
    const double weight = options.correction == Correction::Midpoint ? -decay / 2 : decay / length + 1;
    return next + first * (step.to.alpha * weight);
  }
  const double r1 = (past[2].log_ratio - past[1].log_ratio) / h;
  const auto second = (first - (past[1].data - past[2].data) / r1) / (r0 + r1);
  first = first + second * r0;
  return next + first * (step.to.alpha * (decay / length + 1)) -
         second * (step.to.alpha * ((decay + length) / (length * length) - 0.5));
}

// Adams-Bashforth over the noise estimates, the newest first (Liu et al. 2022, eq. 12 and its lower orders).
torch::Tensor adams_bashforth(const std::deque<torch::Tensor>& e) {
  switch (e.size()) {
    case 1:
      return e[0];
    case 2:
      return (3 * e[0] - e[1]) / 2;
    case 3:
      return (23 * e[0] - 16 * e[1] + 5 * e[2]) / 12;
    default:
      return (55 * e[0] - 59 * e[1] + 37 * e[2] - 9 * e[3]) / 24;
  }
}

}  // namespace

torch::Tensor solve_multistep(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                              const MultistepOptions& options, const NoiseSource& noise, const StepHook& hook) {
  if (options.order < 1 || options.order > (options.stochastic ? 2 : 3))
    throw std::invalid_argument("DPM-Solver++ has orders 1 to 3, and 1 to 2 where it is stochastic");
  if (options.stochastic && !noise) throw std::invalid_argument("a stochastic solver needs a source of noise");
  std::deque<Remembered> past;  // the newest first
  return walk(path, std::move(x), levels, hook, [&](const Step& step, const torch::Tensor& at) {
    past.push_front({std::log(step.from.ratio()), denoise(at, step.t).data});
    if (past.size() > 1 && !std::isfinite(past[1].log_ratio)) past.pop_back();  // an infinitely long step tells nothing
    if (past.size() > static_cast<std::size_t>(options.order)) past.pop_back();
    auto next = advance(options, step, order_of(options, step, levels.times.size(), past.size()), at, past);
    if (options.stochastic && !step.to_data()) {
      const double spread = std::sqrt(std::fmax(0, 1 - std::pow(step.to.ratio() / step.from.ratio(), 2)));
      next = next + fresh_noise(noise, step, next) * (step.to.sigma * spread);
    }
    return next;
  });
}

void check_pndm(const Path& path, const Levels& levels) {
  const std::vector<double>& times = levels.times;
  if (times.empty()) throw std::invalid_argument("a solver needs a level at least");
  if (path.at(times.front()).ratio() > kHardlyAnySignal)
    throw std::invalid_argument(
        "pndm cannot begin at a level with next to no signal: set a lower greatest noise level");
  const double wanted = (times.front() - times.back()) / std::max(1.0, static_cast<double>(times.size() - 1));
  const double allowed = path.discrete() ? 1 : 1e-6 * wanted;  // discrete times are rounded
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (std::abs(times[i - 1] - times[i] - wanted) > allowed)
      throw std::invalid_argument("pndm needs evenly spaced levels: a grid that is trailing, leading or uniform");
  }
}

torch::Tensor solve_pndm(const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                         const StepHook& hook) {
  check_pndm(path, levels);
  std::deque<torch::Tensor> past;  // noise estimates, the newest first
  const auto noise_at = [&](const torch::Tensor& at, double t) {
    const AlphaSigma level = path.at(t);
    return (at - denoise(at, t).data * level.alpha) / level.sigma;
  };
  const auto carried = [](const Step& step, const torch::Tensor& at, const torch::Tensor& noise) {
    return first_order_step(step.from, step.to, at, (at - noise * step.from.sigma) / step.from.alpha);
  };
  return walk(path, std::move(x), levels, hook, [&](const Step& step, const torch::Tensor& at) {
    past.push_front(noise_at(at, step.t));
    if (past.size() > 4) past.pop_back();
    if (step.index > 0 || step.to_data()) return carried(step, at, adams_bashforth(past));
    const auto tried = carried(step, at, past[0]);
    return carried(step, at, (past[0] + noise_at(tried, step.t_next)) / 2);
  });
}

}  // namespace ctforge::diffusion
