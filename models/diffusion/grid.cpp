// Grids of times between the limits of sigma / alpha.
#include "models/diffusion/grid.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {

namespace {

std::vector<double> karras(const Path& path, int n, double rho, double ratio_low, double ratio_high) {
  const double high = std::pow(ratio_high, 1 / rho), low = std::pow(ratio_low, 1 / rho);
  std::vector<double> times;
  for (int i = 0; i < n; ++i) {
    const double part = n > 1 ? static_cast<double>(i) / (n - 1) : 0;
    times.push_back(path.time_of_ratio(std::pow(high + part * (low - high), rho)));
  }
  return times;
}

// Evenly spaced times on [low, high]; `clean` is the time of data without noise.
std::vector<double> even(Grid grid, int n, double low, double high, double clean) {
  std::vector<double> times;
  for (int i = 0; i < n; ++i) {
    const double part = static_cast<double>(i) / n;
    switch (grid) {
      case Grid::Trailing:
        times.push_back(high + part * (clean - high));
        break;
      case Grid::Leading:
        times.push_back(low + (high - clean) * (1 - part - 1.0 / n));
        break;
      default:
        times.push_back(n > 1 ? high + i * (low - high) / (n - 1) : high);
    }
  }
  return times;
}

}  // namespace

std::vector<double> make_grid(Grid grid, const Path& path, int n, const GridOptions& options) {
  if (n < 1) throw std::invalid_argument("a grid needs a step at least");
  if (!(options.rho > 0)) throw std::invalid_argument("rho must be positive");
  const double ratio_low = std::max(options.sigma_min, path.at(path.t_min()).ratio());
  const double ratio_high = std::min(options.sigma_max, path.at(path.t_max()).ratio());
  if (!(ratio_low < ratio_high)) throw std::invalid_argument("no noise levels lie within the limits");
  if (grid == Grid::Karras) return karras(path, n, options.rho, ratio_low, ratio_high);

  double low = path.time_of_ratio(ratio_low), high = path.time_of_ratio(ratio_high);
  if (!path.discrete()) {
    auto times = even(grid, n, low, high, 0);
    for (double& time : times) time = std::clamp(time, low, high);
    return times;
  }
  // A limit that is a step of the path comes back as that step, to rounding.
  low = std::ceil(low - 1e-6);
  high = std::floor(high + 1e-6);
  if (n > high - low + 1) throw std::invalid_argument("more steps than the discrete path has");
  auto times = even(grid, n, low, high, low - 1);
  for (double& time : times) time = std::clamp(std::round(time), low, high);
  return times;
}

}  // namespace ctforge::diffusion
