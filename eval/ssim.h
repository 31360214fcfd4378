// How alike two images are: peak signal-to-noise ratio and structural similarity.
#pragma once

#include <torch/types.h>

namespace ctforge::eval {

// 10 log10(range^2 / mean squared difference) of each image, [N] float64, infinite for equal ones. a, b [N,C,H,W].
torch::Tensor psnr_db(const torch::Tensor& a, const torch::Tensor& b, double range);

// Mean structural similarity of each image, [N] float64 (Wang et al. 2004, eq. 13, with K1 = 0.01, K2 = 0.03 and a
// Gaussian window of 11x11 pixels, deviation 1.5, where it lies within the image). a, b [N,1,H,W]; range: of the
// values. Throws std::invalid_argument for other shapes and images below 11 pixels.
torch::Tensor structural_similarity(const torch::Tensor& a, const torch::Tensor& b, double range);

}  // namespace ctforge::eval
