// Grids of times between the limits of sigma / alpha.
#include "models/diffusion/grid.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {

namespace {

struct Limits {
  double low, high;  // of sigma / alpha
};

std::vector<double> karras(const Path& path, int n, double rho, const Limits& ratio) {
  const double high = std::pow(ratio.high, 1 / rho), low = std::pow(ratio.low, 1 / rho);
  std::vector<double> times;
  for (int i = 0; i < n; ++i) {
    const double part = n > 1 ? static_cast<double>(i) / (n - 1) : 0;
    times.push_back(path.time_of_ratio(std::pow(high + part * (low - high), rho)));
  }
  return times;
}

std::vector<double> log_snr(const Path& path, int n, const Limits& ratio) {
  const double high = std::log(ratio.high), low = std::log(ratio.low);
  std::vector<double> times;
  for (int i = 0; i < n; ++i)
    times.push_back(path.time_of_ratio(std::exp(n > 1 ? high + (low - high) * i / (n - 1) : high)));
  return times;
}

// The shift multiplies sigma / alpha; the grid before it is chosen so that the noisiest level is the limit's.
std::vector<double> shifted(const Path& path, int n, double shift, const Limits& ratio) {
  const double noisiest = std::isinf(ratio.high) ? 1 : ratio.high / (shift + ratio.high);
  std::vector<double> times;
  for (int i = 0; i < n; ++i) {
    const double s = noisiest * (1 - static_cast<double>(i) / n);
    times.push_back(path.time_of_ratio(std::max(ratio.low, shift * s / (1 - s))));
  }
  return times;
}

// Evenly spaced times on [low, high] of a continuous path, whose data lie at 0.
std::vector<double> even(Grid grid, int n, double low, double high) {
  std::vector<double> times;
  for (int i = 0; i < n; ++i) {
    const double part = static_cast<double>(i) / n;
    const double time = grid == Grid::Trailing  ? high * (1 - part)
                        : grid == Grid::Leading ? low + high * (1 - part - 1.0 / n)
                        : n > 1                 ? high + i * (low - high) / (n - 1)
                                                : high;
    times.push_back(std::clamp(time, low, high));
  }
  return times;
}

// Whole steps of low .. high, rounded as diffusers' schedulers do: halves to the even step, and Leading with the same
// whole number of steps between any two.
std::vector<double> even_steps(Grid grid, int n, double low, double high) {
  const double steps = high - low + 1, first = high + 1;
  const double trailing_step = (first - steps / n) - first;  // as numpy's arange takes it, for halves to fall alike
  std::vector<double> times;
  for (int i = 0; i < n; ++i) {
    const double time = grid == Grid::Trailing  ? std::nearbyint(first + i * trailing_step) - 1
                        : grid == Grid::Leading ? low + (n - 1 - i) * std::floor(steps / n)
                        : n > 1                 ? std::nearbyint(high + i * (low - high) / (n - 1))
                                                : high;
    times.push_back(std::clamp(time, low, high));
  }
  return times;
}

std::vector<double> unchecked(Grid grid, const Path& path, int n, const GridOptions& options) {
  if (n < 1) throw std::invalid_argument("a grid needs a step at least");
  if (!(options.rho > 0 && options.shift > 0)) throw std::invalid_argument("rho and shift must be positive");
  const Limits ratio{std::max(options.sigma_min, path.at(path.t_min()).ratio()),
                     std::min(options.sigma_max, path.at(path.t_max()).ratio())};
  if (!(ratio.low < ratio.high)) throw std::invalid_argument("no noise levels lie within the limits");
  if (grid == Grid::Karras || grid == Grid::LogSnr) {
    if (!(ratio.low > 0) || std::isinf(ratio.high))
      throw std::invalid_argument("this grid needs limits of the noise level that are neither 0 nor infinite");
    return grid == Grid::Karras ? karras(path, n, options.rho, ratio) : log_snr(path, n, ratio);
  }
  if (grid == Grid::Shifted) return shifted(path, n, options.shift, ratio);

  if (!path.discrete() && grid != Grid::Trailing && !(ratio.low > 0))
    throw std::invalid_argument("this grid ends at the lowest noise level, which must be above 0");
  double low = path.time_of_ratio(ratio.low), high = path.time_of_ratio(ratio.high);
  if (!path.discrete()) return even(grid, n, low, high);
  // A limit that is a step of the path comes back as that step, to rounding.
  low = std::ceil(low - 1e-6);
  high = std::floor(high + 1e-6);
  if (n > high - low + 1) throw std::invalid_argument("more steps than the discrete path has");
  return even_steps(grid, n, low, high);
}

}  // namespace

std::vector<double> make_grid(Grid grid, const Path& path, int n, const GridOptions& options) {
  const auto times = unchecked(grid, path, n, options);
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (!(times[i] < times[i - 1])) throw std::invalid_argument("more steps than fit between the limits");
  }
  return times;
}

}  // namespace ctforge::diffusion
