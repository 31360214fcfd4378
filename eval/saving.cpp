// Interpolation along a learning curve, and its bootstrap.
#include "eval/saving.h"

#include "eval/comparison.h"
#include "io/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace ctforge::eval {
namespace {

bool finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

void check(const std::vector<LearningPoint>& points, std::int64_t resamples, double level) {
  if (resamples < 1 || !(level > 0 && level < 1)) throw std::invalid_argument("savings: resamples or level");
  const std::size_t patients = points[0].real.size();
  double before = 0;
  for (const LearningPoint& point : points) {
    if (!(point.training_patients > before) || point.real.size() != patients ||
        point.with_synthetic.size() != patients || patients == 0 || !finite(point.real) ||
        !finite(point.with_synthetic))
      throw std::invalid_argument("savings: points must ascend and have the same, scored test patients");
    before = point.training_patients;
  }
}

double mean_of(const std::vector<double>& values, const std::vector<std::size_t>& drawn) {
  double sum = 0;
  for (const std::size_t i : drawn) sum += values[i];
  return sum / static_cast<double>(drawn.size());
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

std::vector<Saving> of_draw(const std::vector<LearningPoint>& points, const std::vector<std::size_t>& drawn) {
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
  std::vector<std::size_t> drawn(points[0].real.size());
  std::iota(drawn.begin(), drawn.end(), std::size_t{0});
  std::vector<Saving> result = of_draw(points, drawn);
  std::vector<std::vector<double>> parts(points.size());
  io::Random random(seed);
  for (std::int64_t resample = 0; resample < resamples; ++resample) {
    for (std::size_t& patient : drawn) patient = random.below(drawn.size());
    const std::vector<Saving> own = of_draw(points, drawn);
    for (std::size_t i = 0; i < own.size(); ++i) parts[i].push_back(own[i].part);
  }
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].low = quantile(parts[i], (1 - level) / 2);
    result[i].high = quantile(parts[i], (1 + level) / 2);
  }
  return result;
}

}  // namespace ctforge::eval
