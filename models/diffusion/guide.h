// Guidance: base + sum of weighted differences. Classifier-free guidance, autoguidance and several conditions at once.
#pragma once

#include "models/diffusion/precond.h"

#include <limits>
#include <utility>
#include <vector>

namespace ctforge::diffusion {

// Noise levels sigma / alpha between which guidance acts, both included (Kynkaanniemi et al. 2024).
struct Interval {
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
};

// D = base + sum_i w_i (D_i - base) inside the interval, `outside` elsewhere. What has no weight is not evaluated.
// Classifier-free guidance of strength g: base = unconditional, one term (conditional, g), outside = conditional; g = 1
// is the conditional model itself (Ho and Salimans 2022, eq. 6, with 1 + w = g). Autoguidance: base = the weaker model.
// Throws std::invalid_argument when there is no term, a weight is not finite or the interval is empty.
Denoise guide(Denoise base, std::vector<std::pair<Denoise, double>> terms, Denoise outside, Interval interval,
              const Path& path);

}  // namespace ctforge::diffusion
