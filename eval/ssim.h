// How alike two images are: peak signal-to-noise ratio and structural similarity.
#pragma once

#include <cstdint>

#include <torch/types.h>

namespace ctforge::eval {

// 10 log10(range^2 / mean squared difference) of each image, [N] float64, infinite for equal ones. a, b [N,C,H,W].
torch::Tensor psnr_db(const torch::Tensor& a, const torch::Tensor& b, double range);

// Mean structural similarity of each image, [N] float64 (Wang et al. 2004, eq. 13, with K1 = 0.01, K2 = 0.03 and a
// Gaussian window of 11x11 pixels, deviation 1.5, where it lies within the image). a, b [N,1,H,W]; range: of the
// values. Throws std::invalid_argument for other shapes and images below 11 pixels.
torch::Tensor structural_similarity(const torch::Tensor& a, const torch::Tensor& b, double range);

// Over scales (Z. Wang, E. Simoncelli and A. Bovik, Asilomar 2003, eq. 7): the product over `scales` halvings by means
// of 2x2 pixels of each scale's contrast-structure term to the power of its weight, the last one times luminance. The
// paper's five weights (0.0448, 0.2856, 0.3001, 0.2363, 0.1333); of fewer scales the first ones, divided by their sum.
// Negative means count as 0. [N] float64. Throws as structural_similarity, for the smallest scale too, and unless
// scales is 1..5.
torch::Tensor multiscale_similarity(const torch::Tensor& a, const torch::Tensor& b, double range, std::int64_t scales);

// How many scales, 5 at most, leave 11 pixels along both edges; 0 below 11. 64 pixels: 3.
std::int64_t scales_within(std::int64_t height, std::int64_t width);

}  // namespace ctforge::eval
