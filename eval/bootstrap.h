// Statistics over patients and training seeds: percentile bootstrap of the mean, and the Wilcoxon signed-rank test.
#pragma once

#include "io/file/random.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ctforge::eval {

struct Interval {
  double mean = 0, low = 0, high = 0;
  std::int64_t count = 0;  // patients
};

// [seeds][patients], of networks that differ in the seed of their training only; not a number: not scored.
using SeedScores = std::vector<std::vector<double>>;

// Which seeds and which patients stand in for all.
struct Draw {
  std::vector<std::size_t> seeds, patients;
};

// As many seeds and patients as there are, each drawn with replacement and independently. Deterministic in seed.
class Draws {
 public:
  Draws(std::size_t seeds, std::size_t patients, std::uint64_t seed);
  const Draw& all() const { return all_; }
  const Draw& next();

 private:
  Draw all_, drawn_;
  io::Random random_;
};

// Over the patients drawn, the mean of each one's mean over the seeds drawn; what was not scored is left out. Not a
// number where nothing was scored.
double mean_of(const SeedScores& scores, const Draw& draw);
// [patients], each over all seeds; not a number where not scored.
std::vector<double> over_seeds(const SeedScores& scores);

// The mean over all and its percentile bootstrap interval (Efron 1979): limits are the (1-level)/2 and (1+level)/2
// quantiles of the means of so many draws, those without a score left out. count: patients with a score. One seed and
// one patient: the interval is that value. No score: all not a number. Deterministic in seed. Throws
// std::invalid_argument for infinite values, rows of different lengths, resamples < 1 or level outside (0,1).
Interval bootstrap_mean(const SeedScores& scores, std::int64_t resamples, std::uint64_t seed, double level = 0.95);

// Two-sided p of the Wilcoxon signed-rank test on paired differences (Wilcoxon 1945). Zeros are dropped; without ties
// and up to 50 pairs the distribution is exact, else normal with the correction for ties and no continuity correction.
// Not a number when no difference is left.
double wilcoxon_p(const std::vector<double>& differences);

}  // namespace ctforge::eval
