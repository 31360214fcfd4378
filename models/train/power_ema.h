// Averages of the weights whose length is a fixed part of the training so far, and combinations of them that give,
// after training, the average of any other length (Karras et al. 2024, "Analyzing and Improving the Training Dynamics
// of Diffusion Models", section 3).
#pragma once

#include <cstdint>
#include <vector>

namespace ctforge::train {

// The average after T steps weighs the weights of step t with a power of t: p(t) = (gamma + 1) t^gamma / T^(gamma + 1).
// sigma_rel is the standard deviation of that profile over T, in (0, 0.288]: 0.05 and 0.10 are usual; its largest value
// is that of gamma = 0, the plain mean. Throws std::invalid_argument outside.
double power_ema_gamma(double sigma_rel);
// The factor that the average so far keeps in step `steps_done` (counted from 1): (1 - 1/t)^(gamma + 1), eq. 127. It is
// 0 in the first, so that the random start leaves no trace.
double power_ema_decay(double gamma, std::int64_t steps_done);

struct EmaProfile {
  double gamma = 0;
  double steps = 0;  // steps done when it was stored
};
// Factors of stored averages whose sum comes nearest to the wanted profile, by least squares over the profiles (eq. 149
// to 152). They need not be positive. Throws std::invalid_argument when there is none, when one is twice there, or when
// the wanted one ends after all that are stored, or a profile has a negative power or no steps.
std::vector<double> post_hoc_factors(const std::vector<EmaProfile>& stored, const EmaProfile& wanted);

}  // namespace ctforge::train
