// The variational bound on the likelihood of data, in bits per dimension.
#pragma once

#include "models/diffusion/precond.h"
#include "models/diffusion/solve.h"

#include <vector>

#include <torch/types.h>

namespace ctforge::diffusion {

// The term of each sample's own step t, averaged over its elements, [N] float64, with gradient to the estimate:
// KL(q(x_{t-1}|x_t,x_0) || p(x_{t-1}|x_t)) for t > 0, and -log p(x_0|x_1) for t = 0, both over ln 2 (Ho et al. 2020,
// eq. 5; Nichol and Dhariwal 2021, section 3.1). x_0 is data of 256 values on [-1, 1], of which the last term takes the
// probability of one, with the tanh approximation of the normal distribution that the published figures were computed
// with; of other data, such as latents, that one term is no likelihood, though it trains as well. x0, x and the
// estimate are [N,C,H,W]; times are steps of the path. Throws std::invalid_argument for a path that is not one of
// discrete steps, times that are none of them, and a learned variance that the estimate has not.
torch::Tensor bound_terms(const Path& path, const torch::Tensor& x0, const torch::Tensor& x,
                          const std::vector<double>& times, const Estimate& estimate, StepVariance variance);

// KL(q(x_T|x_0) || N(0, 1)) over ln 2, averaged over a sample's elements: [N] float64. The bound is this and the sum of
// the terms of all T steps.
torch::Tensor prior_term(const Path& path, const torch::Tensor& x0);

// That sum: [N] float64, each step's term of one draw of x_t. denoise is asked once for every step of the path, with
// noise drawn from the generator on the CPU. Throws as bound_terms does.
torch::Tensor variational_bound(const Denoise& denoise, const Path& path, const torch::Tensor& x0,
                                StepVariance variance, torch::Generator& generator);

}  // namespace ctforge::diffusion
