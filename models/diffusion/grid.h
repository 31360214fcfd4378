// The noise levels a sampler visits.
#pragma once

#include "models/diffusion/path.h"

#include <vector>

namespace ctforge::diffusion {

enum class Grid {
  Karras,    // (sigma/alpha)^(1/rho) evenly spaced, both limits included (Karras et al. 2022, eq. 5)
  LogSnr,    // log(sigma/alpha) evenly spaced, both limits included (Lu et al. 2022a, section 3.3); "exponential" too
  Trailing,  // evenly spaced times that begin at the noisiest (Lin et al. 2024, table 2)
  Leading,   // evenly spaced times that end at the cleanest (Lin et al. 2024, table 2: what DDIM's code does)
  Uniform,   // evenly spaced times, both limits included
  Shifted,   // trailing in s = sigma/(alpha + sigma), then s -> shift s/(1 + (shift - 1) s) (Esser et al. 2024, eq. 23)
};

// Limits of sigma / alpha, narrowed to what the path has. The default keeps the cosine schedule, whose last step has a
// ratio of 20291, away from levels where an error of the network is multiplied by that.
struct GridOptions {
  double rho = 7;  // Karras only
  double sigma_min = 0.002;
  double sigma_max = 80;  // Karras and LogSnr need a finite one
  double shift = 3;       // Shifted only; above 1 spends more steps on noise, 1 is the straight path's trailing grid
};

// n times of the path, strictly decreasing: from the noisiest to the cleanest. A solver goes on from the last of them
// to alpha = 1, sigma = 0. On a discrete path Trailing, Leading and Uniform keep to whole steps. Throws
// std::invalid_argument when n < 1, when a discrete path has fewer steps within the limits, the limits are empty, or
// the greatest is infinite where it must not be.
std::vector<double> make_grid(Grid grid, const Path& path, int n, const GridOptions& options = {});

}  // namespace ctforge::diffusion
