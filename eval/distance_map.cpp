// Exact Euclidean distances, axis by axis. The nearest point itself is carried along, so that the distance is computed
// once, from whole steps, and does not gather rounding.
#include "eval/distance_map.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>

namespace ctforge::eval {
namespace {

constexpr std::int64_t kNone = -1;

// Over the points of one line: nearest[i] is the marked point that is nearest to point i within the axes done so far,
// square[i] its squared distance.
class Line {
 public:
  Line(std::int64_t length, double spacing) : spacing_(spacing) {
    vertex_.resize(static_cast<std::size_t>(length));
    border_.resize(static_cast<std::size_t>(length) + 1);
    nearest_.resize(static_cast<std::size_t>(length));
    square_.resize(static_cast<std::size_t>(length));
  }

  // Points first, first + step, ...
  void run(std::vector<std::int64_t>& nearest, std::vector<double>& square, std::int64_t first, std::int64_t step) {
    const auto length = static_cast<std::int64_t>(vertex_.size());
    for (std::int64_t i = 0; i < length; ++i) {
      nearest_[static_cast<std::size_t>(i)] = nearest[static_cast<std::size_t>(first + i * step)];
      square_[static_cast<std::size_t>(i)] = square[static_cast<std::size_t>(first + i * step)];
    }
    const std::int64_t parabolas = envelope();
    if (parabolas == 0) return;
    std::size_t k = 0;
    for (std::int64_t i = 0; i < length; ++i) {
      while (static_cast<std::int64_t>(k) + 1 < parabolas && border_[k + 1] < static_cast<double>(i)) ++k;
      const std::int64_t q = vertex_[k];
      const double along = static_cast<double>(i - q) * spacing_;
      nearest[static_cast<std::size_t>(first + i * step)] = nearest_[static_cast<std::size_t>(q)];
      square[static_cast<std::size_t>(first + i * step)] = square_[static_cast<std::size_t>(q)] + along * along;
    }
  }

 private:
  // Where the parabolas about q and r > q meet, in points.
  double meeting(std::int64_t q, std::int64_t r) const {
    const auto fq = square_[static_cast<std::size_t>(q)], fr = square_[static_cast<std::size_t>(r)];
    return ((fr - fq) / (spacing_ * spacing_) + static_cast<double>(r * r - q * q)) / static_cast<double>(2 * (r - q));
  }

  std::int64_t envelope() {
    std::int64_t count = 0;
    for (std::int64_t r = 0; r < static_cast<std::int64_t>(vertex_.size()); ++r) {
      if (nearest_[static_cast<std::size_t>(r)] == kNone) continue;
      double at = -std::numeric_limits<double>::infinity();
      while (count > 0) {
        at = meeting(vertex_[static_cast<std::size_t>(count - 1)], r);
        if (at > border_[static_cast<std::size_t>(count - 1)]) break;
        --count;
        at = -std::numeric_limits<double>::infinity();
      }
      vertex_[static_cast<std::size_t>(count)] = r;
      border_[static_cast<std::size_t>(count)] = at;
      ++count;
    }
    return count;
  }

  double spacing_;
  std::vector<std::int64_t> vertex_;  // points whose parabolas make up the envelope
  std::vector<double> border_;        // from where on each does
  std::vector<std::int64_t> nearest_;
  std::vector<double> square_;
};

}  // namespace

std::vector<double> distance_map_mm(const std::vector<std::uint8_t>& marked, const std::array<std::int64_t, 3>& size,
                                    const std::array<double, 3>& spacing_mm) {
  const std::int64_t count = size[0] * size[1] * size[2];
  if (std::ssize(marked) != count) throw std::invalid_argument("marks and size of a grid differ");
  for (const double spacing : spacing_mm)
    if (!(spacing > 0)) throw std::invalid_argument("spacing must be positive");
  constexpr double kFar = std::numeric_limits<double>::infinity();
  std::vector<std::int64_t> nearest(marked.size(), kNone);
  std::vector<double> square(marked.size(), kFar);
  for (std::size_t i = 0; i < marked.size(); ++i)
    if (marked[i] != 0) nearest[i] = static_cast<std::int64_t>(i), square[i] = 0;
  const std::array<std::int64_t, 3> steps = {size[1] * size[2], size[2], 1};
  for (std::size_t axis = 3; axis-- > 0;) {
    Line line(size[axis], spacing_mm[axis]);
    for (std::int64_t i = 0; i < count; ++i)
      if (i / steps[axis] % size[axis] == 0) line.run(nearest, square, i, steps[axis]);
  }
  std::vector<double> distance(marked.size(), kFar);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t to = nearest[static_cast<std::size_t>(i)];
    if (to == kNone) continue;
    double sum = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto apart = static_cast<double>(i / steps[axis] % size[axis] - to / steps[axis] % size[axis]);
      sum += apart * spacing_mm[axis] * (apart * spacing_mm[axis]);
    }
    distance[static_cast<std::size_t>(i)] = std::sqrt(sum);
  }
  return distance;
}

}  // namespace ctforge::eval
