// Statistics over patients: percentile bootstrap of the mean and the Wilcoxon signed-rank test.
#pragma once

#include <cstdint>
#include <vector>

namespace ctforge::eval {

struct Interval {
  double mean = 0, low = 0, high = 0;
  std::int64_t count = 0;  // patients
};

// Mean of the values and its percentile bootstrap interval (Efron 1979): `resamples` draws of as many values with
// replacement; limits are the (1-level)/2 and (1+level)/2 quantiles of their means. Deterministic in seed. For a paired
// difference give the differences, one a patient. One value: the interval is that value. None: all not a number.
// Throws std::invalid_argument for values that are not finite, resamples < 1 or level outside (0,1).
Interval bootstrap_mean(const std::vector<double>& values, std::int64_t resamples, std::uint64_t seed,
                        double level = 0.95);

// Two-sided p of the Wilcoxon signed-rank test on paired differences (Wilcoxon 1945). Zeros are dropped; without ties
// and up to 50 pairs the distribution is exact, else normal with the correction for ties and no continuity correction.
// Not a number when no difference is left.
double wilcoxon_p(const std::vector<double>& differences);

}  // namespace ctforge::eval
