// First-order features: of the values (IBSI, intensity-based statistics UHIW) and of their histogram (ZVCW).
#include "eval/radiomics_families.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace ctforge::eval {
namespace {

constexpr std::array<const char*, 18> kFirstOrderNames = {"10Percentile",
                                                          "90Percentile",
                                                          "Energy",
                                                          "Entropy",
                                                          "InterquartileRange",
                                                          "Kurtosis",
                                                          "Maximum",
                                                          "MeanAbsoluteDeviation",
                                                          "Mean",
                                                          "Median",
                                                          "Minimum",
                                                          "Range",
                                                          "RobustMeanAbsoluteDeviation",
                                                          "RootMeanSquared",
                                                          "Skewness",
                                                          "TotalEnergy",
                                                          "Uniformity",
                                                          "Variance"};

// The q-quantile of ascending values by linear interpolation (Hyndman and Fan 1996, type 7).
double quantile_of_sorted(const std::vector<double>& values, double q) {
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

template <class Iterator>
double mean_absolute_deviation(Iterator begin, Iterator end) {
  const auto count = static_cast<double>(end - begin);
  const double mean = std::accumulate(begin, end, 0.0) / count;
  return std::accumulate(begin, end, 0.0, [mean](double sum, double x) { return sum + std::abs(x - mean); }) / count;
}

}  // namespace

std::span<const char* const> first_order_names() { return kFirstOrderNames; }

std::vector<double> first_order(const Region& region, const LevelGrid& grid) {
  std::vector<double> values;
  values.reserve(grid.voxels.size());
  for (std::size_t i = 0; i < region.value.size(); ++i)
    if (region.inside[i] != 0) values.push_back(region.value[i]);
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double energy = 0, second = 0, third = 0, fourth = 0;
  for (const double x : values) {
    const double d = x - mean;
    energy += x * x;
    second += d * d;
    third += d * d * d;
    fourth += d * d * d * d;
  }
  second /= count, third /= count, fourth /= count;
  double entropy = 0, uniformity = 0;
  for (const std::int64_t voxels : grid.counts) {
    const double p = static_cast<double>(voxels) / count;
    entropy -= p * std::log2(p);
    uniformity += p * p;
  }
  const double p10 = quantile_of_sorted(values, 0.1), p90 = quantile_of_sorted(values, 0.9);
  const double voxel_mm3 = region.spacing_mm[0] * region.spacing_mm[1] * region.spacing_mm[2];
  return {
      p10,                                                                  // QG58
      p90,                                                                  // 8DWT
      energy,                                                               // N8CA
      entropy,                                                              // TLU2
      quantile_of_sorted(values, 0.75) - quantile_of_sorted(values, 0.25),  // SALO
      second > 0 ? fourth / (second * second) - 3 : 0,                      // IPH6: excess kurtosis
      values.back(),                                                        // 84IY
      mean_absolute_deviation(values.begin(), values.end()),                // 4FUA
      mean,                                                                 // Q4LE
      quantile_of_sorted(values, 0.5),                                      // Y12H
      values.front(),                                                       // 1GSF
      values.back() - values.front(),                                       // 2OJQ
      mean_absolute_deviation(std::lower_bound(values.begin(), values.end(), p10),
                              std::upper_bound(values.begin(), values.end(), p90)),  // 1128
      std::sqrt(energy / count),                                                     // 5ZWQ
      second > 0 ? third / std::pow(second, 1.5) : 0,                                // KE2A
      energy * voxel_mm3,                                                            // not in IBSI
      uniformity,                                                                    // BJ5W
      second,                                                                        // ECT3
  };
}

}  // namespace ctforge::eval
