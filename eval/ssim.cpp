// Moments under a Gaussian window.
#include "eval/ssim.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>

namespace ctforge::eval {

namespace {

constexpr std::int64_t kWindow = 11;
constexpr double kDeviation = 1.5;

// Along both axes, only where the whole window lies within the image.
torch::Tensor smoothed(const torch::Tensor& x, const torch::Tensor& kernel) {
  return torch::conv2d(torch::conv2d(x, kernel.view({1, 1, -1, 1})), kernel.view({1, 1, 1, -1}));
}

// Means over each image, [N] float64.
struct Similarity {
  torch::Tensor whole;               // luminance times contrast-structure
  torch::Tensor contrast_structure;  // without luminance
};

Similarity similarity_of(const torch::Tensor& a, const torch::Tensor& b, double range) {
  if (a.sizes() != b.sizes() || a.dim() != 4 || a.size(1) != 1 || a.size(2) < kWindow || a.size(3) < kWindow)
    throw std::invalid_argument("structural similarity is of two sets of images [N,1,H,W] of 11 pixels at least");
  const auto offset = torch::arange(kWindow, a.options().dtype(torch::kFloat64)) - (kWindow - 1) / 2.0;
  auto kernel = torch::exp(-offset.square() / (2 * kDeviation * kDeviation));
  kernel = kernel / kernel.sum();
  const auto x = a.to(torch::kFloat64), y = b.to(torch::kFloat64);
  const auto mean_x = smoothed(x, kernel), mean_y = smoothed(y, kernel);
  const auto variance_x = smoothed(x * x, kernel) - mean_x * mean_x;
  const auto variance_y = smoothed(y * y, kernel) - mean_y * mean_y;
  const auto covariance = smoothed(x * y, kernel) - mean_x * mean_y;
  const double c1 = 0.01 * range * 0.01 * range, c2 = 0.03 * range * 0.03 * range;
  const auto contrast_structure = (2 * covariance + c2) / (variance_x + variance_y + c2);
  const auto luminance = (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1);
  return {(luminance * contrast_structure).flatten(1).mean(1), contrast_structure.flatten(1).mean(1)};
}

}  // namespace

torch::Tensor psnr_db(const torch::Tensor& a, const torch::Tensor& b, double range) {
  if (a.sizes() != b.sizes() || a.dim() != 4) throw std::invalid_argument("images of different shapes");
  const auto error = (a.to(torch::kFloat64) - b.to(torch::kFloat64)).square().flatten(1).mean(1);
  return 10 * torch::log10(range * range / error);
}

torch::Tensor structural_similarity(const torch::Tensor& a, const torch::Tensor& b, double range) {
  return similarity_of(a, b, range).whole;
}

torch::Tensor multiscale_similarity(const torch::Tensor& a, const torch::Tensor& b, double range, std::int64_t scales) {
  constexpr std::array<double, 5> kWeights = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
  if (scales < 1 || scales > std::ssize(kWeights)) throw std::invalid_argument("similarity has 1 to 5 scales");
  const double sum = std::accumulate(kWeights.begin(), kWeights.begin() + scales, 0.0);
  torch::Tensor x = a.to(torch::kFloat64), y = b.to(torch::kFloat64), product;
  for (std::int64_t scale = 0; scale < scales; ++scale) {
    const Similarity similarity = similarity_of(x, y, range);
    const torch::Tensor term = (scale + 1 < scales ? similarity.contrast_structure : similarity.whole)
                                   .clamp_min(0)
                                   .pow(kWeights[static_cast<std::size_t>(scale)] / sum);
    product = scale == 0 ? term : product * term;
    x = torch::avg_pool2d(x, 2);
    y = torch::avg_pool2d(y, 2);
  }
  return product;
}

std::int64_t scales_within(std::int64_t height, std::int64_t width) {
  std::int64_t scales = 0;
  for (std::int64_t edge = std::min(height, width); edge >= kWindow && scales < 5; edge /= 2) ++scales;
  return scales;
}

}  // namespace ctforge::eval
