// Interpolation along a learning curve, and its bootstrap.
#include "eval/saving.h"

#include "eval/comparison.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ctforge::eval {
namespace {

bool fits(const SeedScores& scores, std::size_t seeds, std::size_t patients) {
  return scores.size() == seeds && std::all_of(scores.begin(), scores.end(), [patients](const auto& row) {
           return row.size() == patients &&
                  std::all_of(row.begin(), row.end(), [](double value) { return std::isfinite(value); });
         });
}

void check(const std::vector<LearningPoint>& points, std::int64_t resamples, double level) {
  if (resamples < 1 || !(level > 0 && level < 1)) throw std::invalid_argument("savings: resamples or level");
  const std::size_t seeds = points[0].real.size(), patients = seeds == 0 ? 0 : points[0].real[0].size();
  double before = 0;
  for (const LearningPoint& point : points) {
    if (!(point.training_patients > before) || patients == 0 || !fits(point.real, seeds, patients) ||
        !fits(point.with_synthetic, seeds, patients))
      throw std::invalid_argument("savings: points must ascend and have the same seeds and scored test patients");
    before = point.training_patients;
  }
}

Saving saving_at(const std::vector<LearningPoint>& points, const std::vector<double>& curve, std::size_t at,
                 double target) {
  Saving saving;
  const double own = points[at].training_patients;
  saving.needed = points.back().training_patients;
  saving.bound = Bound::Lower;
  if (curve[0] >= target) {
    saving.needed = points[0].training_patients;
    saving.bound = curve[0] > target ? Bound::Upper : Bound::None;
  }
  for (std::size_t i = 1; saving.bound == Bound::Lower && i < points.size(); ++i) {
    if (curve[i] < target) continue;
    const double n0 = points[i - 1].training_patients, n1 = points[i].training_patients;
    saving.needed = n0 + (n1 - n0) * (target - curve[i - 1]) / (curve[i] - curve[i - 1]);
    saving.bound = Bound::None;
  }
  saving.part = 1 - own / saving.needed;
  return saving;
}

std::vector<Saving> of_draw(const std::vector<LearningPoint>& points, const Draw& drawn) {
  std::vector<double> curve;
  for (const LearningPoint& point : points) curve.push_back(mean_of(point.real, drawn));
  std::vector<Saving> found;
  for (std::size_t i = 0; i < points.size(); ++i)
    found.push_back(saving_at(points, curve, i, mean_of(points[i].with_synthetic, drawn)));
  return found;
}

}  // namespace

std::vector<Saving> savings(const std::vector<LearningPoint>& points, std::int64_t resamples, std::uint64_t seed,
                            double level) {
  if (points.size() < 2) return {};
  check(points, resamples, level);
  Draws draws(points[0].real.size(), points[0].real[0].size(), seed);
  std::vector<Saving> result = of_draw(points, draws.all());
  std::vector<std::vector<double>> parts(points.size());
  for (std::int64_t resample = 0; resample < resamples; ++resample) {
    const std::vector<Saving> own = of_draw(points, draws.next());
    for (std::size_t i = 0; i < own.size(); ++i) parts[i].push_back(own[i].part);
  }
  const bool curve_valid =
      std::all_of(points.begin(), points.end(), [](const LearningPoint& point) { return point.real_valid; });
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].low = quantile(parts[i], (1 - level) / 2);
    result[i].high = quantile(parts[i], (1 + level) / 2);
    result[i].valid = curve_valid && points[i].synthetic_valid;
  }
  return result;
}

}  // namespace ctforge::eval
