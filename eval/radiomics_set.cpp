// Radiomics of sets, in parallel over patches, and the Fréchet radiomics distances.
#include "eval/radiomics_set.h"

#include "eval/frechet.h"
#include "eval/radiomics.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <span>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <tbb/parallel_for.h>
#include <torch/torch.h>

namespace ctforge::eval {
namespace {

constexpr double kInceptionRange = 7.45670747756958;

void require_features(const torch::Tensor& real, const torch::Tensor& other) {
  if (real.dim() != 2 || other.dim() != 2 || real.size(1) != other.size(1) || real.size(0) < 2 || other.size(0) < 2)
    throw std::invalid_argument("Fréchet radiomics distances are between features [N,D] and [M,D], N and M at least 2");
}

// Features of each patch, from its HU clipped to the window and its mask.
using PatchFeatures =
    std::function<std::vector<double>(std::span<const double> value, std::span<const std::uint8_t> mask)>;

torch::Tensor features_of_patches(const PatchSet& set, std::int64_t columns, const PatchFeatures& features_of,
                                  const std::function<void(std::int64_t)>& each) {
  const torch::Tensor features = torch::empty({set.size(), columns}, torch::kFloat64);
  constexpr std::int64_t kAtOnce = 128;
  const auto pixels = static_cast<std::size_t>(set.height * set.width);
  for (std::int64_t start = 0; start < set.size(); start += kAtOnce) {
    Indices indices(static_cast<std::size_t>(std::min(kAtOnce, set.size() - start)));
    std::iota(indices.begin(), indices.end(), start);
    const Pixels found = set.pixels(indices);
    const torch::Tensor hu = found.hu.to(torch::kFloat64).clamp(set.window_hu[0], set.window_hu[1]).contiguous(),
                        mask = found.mask.contiguous();
    double* out = features.data_ptr<double>() + start * columns;
    tbb::parallel_for(std::size_t{0}, indices.size(), [&](std::size_t i) {
      const double* value = hu.const_data_ptr<double>() + i * pixels;
      const std::vector<double> own =
          features_of({value, pixels}, {mask.const_data_ptr<std::uint8_t>() + i * pixels, pixels});
      std::copy(own.begin(), own.end(), out + static_cast<std::int64_t>(i) * columns);
    });
    each(start + hu.size(0));
  }
  return features;
}

}  // namespace

torch::Tensor patch_radiomics(const PatchSet& set, const Discretisation& bins,
                              const std::function<void(std::int64_t)>& each) {
  return features_of_patches(
      set, std::ssize(radiomic_names()),
      [&](std::span<const double> value, std::span<const std::uint8_t> mask) {
        return radiomics({{1, set.height, set.width},
                          set.spacing_mm,
                          {value.begin(), value.end()},
                          std::vector<std::uint8_t>(mask.size(), 1)},
                         bins);
      },
      each);
}

torch::Tensor organ_radiomics(const PatchSet& set, std::uint8_t label, const Discretisation& bins,
                              const std::function<void(std::int64_t)>& each) {
  const std::int64_t columns = std::ssize(radiomic_names()) + std::ssize(shape_2d_names());
  return features_of_patches(
      set, columns,
      [&](std::span<const double> value, std::span<const std::uint8_t> mask) {
        if (std::count(mask.begin(), mask.end(), label) < kLeastOrganPixels)
          return std::vector<double>(static_cast<std::size_t>(columns), std::numeric_limits<double>::quiet_NaN());
        Region region{{1, set.height, set.width}, set.spacing_mm, {value.begin(), value.end()}, {}};
        std::transform(mask.begin(), mask.end(), std::back_inserter(region.inside),
                       [label](std::uint8_t at) { return static_cast<std::uint8_t>(at == label); });
        std::vector<double> own = radiomics(region, bins);
        const std::vector<double> shape = shape_2d(region);
        own.insert(own.end(), shape.begin(), shape.end());
        return own;
      },
      each);
}

double frechet_radiomics_v0(const torch::Tensor& real, const torch::Tensor& other) {
  require_features(real, other);
  const torch::Tensor both = torch::cat({real, other}).to(torch::kFloat64);
  const torch::Tensor low = std::get<0>(both.min(0)), range = std::get<0>(both.max(0)) - low;
  const torch::Tensor scaled =
      torch::where(range > 0, (both - low) / torch::where(range > 0, range, torch::ones_like(range)),
                   torch::full_like(both, 0.5)) *
      kInceptionRange;
  return frechet_distance(scaled.narrow(0, 0, real.size(0)), scaled.narrow(0, real.size(0), other.size(0)));
}

double frechet_radiomics_v1(const torch::Tensor& real, const torch::Tensor& other) {
  require_features(real, other);
  const torch::Tensor first = real.to(torch::kFloat64);
  const torch::Tensor mean = first.mean(0), deviation = first.std(0, /*unbiased=*/false);
  // Sums of equal numbers are rounded: a constant feature may have a deviation that is not quite nothing.
  const torch::Tensor varies = (std::get<0>(first.max(0)) > std::get<0>(first.min(0))).nonzero().squeeze(1);
  if (varies.size(0) == 0) throw std::invalid_argument("no feature of the first set varies");
  const auto standardised = [&](const torch::Tensor& features) {
    return ((features.to(torch::kFloat64) - mean) / deviation).index_select(1, varies);
  };
  const double square = frechet_distance(standardised(first), standardised(other));
  return square > 0 ? std::log(square) : -std::numeric_limits<double>::infinity();
}

}  // namespace ctforge::eval
