// Regions of patches, their spectra, and means over rings.
#include "eval/noise_power.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <tuple>

#include <torch/torch.h>

namespace ctforge::eval {
namespace {

constexpr std::int64_t kRegionPixels = 16;
constexpr double kLeastHu = -200, kMostHu = 300;
constexpr double kSmoothingPixels = 1.5;

// The part of [n,H,W] that a Gaussian leaves over; edges mirrored.
torch::Tensor residual(const torch::Tensor& hu) {
  const auto reach =
      std::min(static_cast<std::int64_t>(std::ceil(3 * kSmoothingPixels)), std::min(hu.size(1), hu.size(2)) - 1);
  const torch::Tensor offset = torch::arange(-reach, reach + 1, torch::kFloat64);
  torch::Tensor kernel = torch::exp(-offset.square() / (2 * kSmoothingPixels * kSmoothingPixels));
  kernel = kernel / kernel.sum();
  const torch::Tensor padded = torch::reflection_pad2d(hu.unsqueeze(1), {reach, reach, reach, reach});
  const torch::Tensor smooth =
      torch::conv2d(torch::conv2d(padded, kernel.view({1, 1, -1, 1})), kernel.view({1, 1, 1, -1}));
  return hu - smooth.squeeze(1);
}

// Squares of `edge` pixels, half of one apart: [n,squares,edge,edge].
torch::Tensor squares_of(const torch::Tensor& images, std::int64_t edge) {
  const std::int64_t step = std::max<std::int64_t>(1, edge / 2);
  const torch::Tensor view = images.unfold(1, edge, step).unfold(2, edge, step);
  return view.reshape({images.size(0), -1, edge, edge});
}

// For each frequency of the transform its ring, from 0 (the mean) on, in steps of 1 / (N times the larger spacing).
torch::Tensor rings_of(std::int64_t edge, double dx_mm, double dy_mm) {
  const torch::Tensor cycles = torch::fft::fftfreq(edge, torch::kFloat64);
  const torch::Tensor frequency =
      ((cycles / dx_mm).square().unsqueeze(0) + (cycles / dy_mm).square().unsqueeze(1)).sqrt();
  return (frequency * static_cast<double>(edge) * std::max(dx_mm, dy_mm)).round().to(torch::kInt64).flatten();
}

}  // namespace

torch::Tensor detrended(const torch::Tensor& regions) {
  if (regions.dim() != 3 || regions.size(1) < 3 || regions.size(2) < 3)
    throw std::invalid_argument("a trend of second order needs regions [n,H,W] of 3 pixels at least");
  const torch::Tensor y = torch::linspace(-1, 1, regions.size(1), torch::kFloat64).unsqueeze(1);
  const torch::Tensor x = torch::linspace(-1, 1, regions.size(2), torch::kFloat64).unsqueeze(0);
  const torch::Tensor one = torch::ones({regions.size(1), regions.size(2)}, torch::kFloat64);
  const torch::Tensor terms =
      torch::stack({one, x * one, y * one, x * x * one, x * y, y * y * one}).flatten(1).t();  // [HW,6]
  const torch::Tensor basis = std::get<0>(torch::linalg_qr(terms));
  const torch::Tensor flat = regions.to(torch::kFloat64).flatten(1);
  return (flat - torch::matmul(torch::matmul(flat, basis), basis.t())).view_as(regions);
}

torch::Tensor noise_power(const torch::Tensor& regions, double dx_mm, double dy_mm) {
  if (regions.dim() != 3 || !(dx_mm > 0 && dy_mm > 0))
    throw std::invalid_argument("noise power is of regions [n,H,W] with a positive spacing");
  const double scale = dx_mm * dy_mm / static_cast<double>(regions.size(1) * regions.size(2));
  return torch::fft::fft2(regions.to(torch::kFloat64)).abs().square() * scale;
}

NoiseSpectra noise_spectra(const PatchSet& set, NoiseOf source) {
  const double dx = set.spacing_mm[0], dy = set.spacing_mm[1];
  const std::int64_t edge = std::min({kRegionPixels, set.height, set.width});
  const std::int64_t last = edge / 2;
  const torch::Tensor ring = rings_of(edge, dx, dy);
  NoiseSpectra spectra;
  spectra.region_pixels = edge;
  for (std::int64_t r = 1; r <= last; ++r)
    spectra.frequency_per_mm.push_back(static_cast<double>(r) / (static_cast<double>(edge) * std::max(dx, dy)));
  spectra.power = torch::zeros({set.size(), last}, torch::kFloat64);
  spectra.variance_hu2 = torch::zeros({set.size()}, torch::kFloat64);
  spectra.regions = torch::zeros({set.size()}, torch::kFloat64);
  const torch::Tensor members = torch::bincount(ring, {}, ring.max().item<std::int64_t>() + 1).to(torch::kFloat64);
  constexpr std::int64_t kAtOnce = 64;
  for (std::int64_t start = 0; start < set.size(); start += kAtOnce) {
    Indices indices(static_cast<std::size_t>(std::min(kAtOnce, set.size() - start)));
    std::iota(indices.begin(), indices.end(), start);
    const torch::Tensor hu = set.pixels(indices).hu.to(torch::kFloat64).clamp(set.window_hu[0], set.window_hu[1]);
    const torch::Tensor squares = squares_of(source == NoiseOf::Residual ? residual(hu) : hu, edge);
    const torch::Tensor wanted = source == NoiseOf::Residual
                                     ? torch::ones({squares.size(0), squares.size(1)}, torch::kBool)
                                     : ((squares >= kLeastHu) & (squares <= kMostHu)).flatten(2).all(2);
    const torch::Tensor owner = wanted.nonzero().select(1, 0);  // patch of each region
    if (owner.size(0) == 0) continue;
    torch::Tensor regions = squares.index({wanted});
    if (source == NoiseOf::SoftTissue) regions = detrended(regions);
    const torch::Tensor power = noise_power(regions, dx, dy).flatten(1);
    const torch::Tensor radial =
        torch::zeros({power.size(0), members.size(0)}, torch::kFloat64).index_add_(1, ring, power) / members;
    const torch::Tensor place = owner + start;
    spectra.power.index_add_(0, place, radial.narrow(1, 1, last));
    const double cell = 1 / (static_cast<double>(edge * edge) * dx * dy);
    spectra.variance_hu2.index_add_(0, place, power.sum(1) * cell);
    spectra.regions.index_add_(0, place, torch::ones({owner.size(0)}, torch::kFloat64));
  }
  return spectra;
}

torch::Tensor pooled_power(const NoiseSpectra& spectra, const Indices& rows) {
  const torch::Tensor index = torch::tensor(rows);
  return spectra.power.index_select(0, index).sum(0) / spectra.regions.index_select(0, index).sum();
}

double pooled_deviation_hu(const NoiseSpectra& spectra, const Indices& rows) {
  const torch::Tensor index = torch::tensor(rows);
  const torch::Tensor mean =
      spectra.variance_hu2.index_select(0, index).sum() / spectra.regions.index_select(0, index).sum();
  return std::sqrt(mean.item<double>());
}

double log_spectral_distance_db(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes()) throw std::invalid_argument("spectra over different frequencies");
  return (10 * torch::log10(a / b)).square().mean().sqrt().item<double>();
}

}  // namespace ctforge::eval
