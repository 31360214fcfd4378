// Combinations of shapes, and the smooth noise that makes them irregular.
#include "io/phantom/phantom_shape.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace ctforge::io::phantom {

namespace {

constexpr double kInfinity = 1e30;

Box both(const Box& a, const Box& b) {
  Box bounds{};
  for (int axis = 0; axis < 3; ++axis) {
    bounds.low[axis] = std::min(a.low[axis], b.low[axis]);
    bounds.high[axis] = std::max(a.high[axis], b.high[axis]);
  }
  return bounds;
}

Box common(const Box& a, const Box& b) {
  Box bounds{};
  for (int axis = 0; axis < 3; ++axis) {
    bounds.low[axis] = std::max(a.low[axis], b.low[axis]);
    bounds.high[axis] = std::min(a.high[axis], b.high[axis]);
  }
  return bounds;
}

// How far a point lies outside a box, at least; negative inside.
double beyond(const Box& b, const Vector3& p) {
  return std::max(
      {b.low[0] - p[0], p[0] - b.high[0], b.low[1] - p[1], p[1] - b.high[1], b.low[2] - p[2], p[2] - b.high[2]});
}

Box widened(Box bounds, double by) {
  for (int axis = 0; axis < 3; ++axis) {
    bounds.low[axis] -= by;
    bounds.high[axis] += by;
  }
  return bounds;
}

}  // namespace

Shape unite(std::vector<Shape> shapes) {
  if (shapes.empty()) throw std::invalid_argument("a union needs a shape");
  Box bounds = shapes.front().bounds;
  for (const Shape& shape : shapes) bounds = both(bounds, shape.bounds);
  return {[shapes = std::move(shapes)](const Vector3& p) {
            double d = kInfinity;
            for (const Shape& shape : shapes) {
              const double far = beyond(shape.bounds, p);
              d = std::min(d, far > kFarMm ? far : shape.distance_mm(p));
            }
            return d;
          },
          bounds};
}

Shape blend(Shape a, Shape b, double blend_mm) {
  // Polynomial smooth minimum (I. Quilez); it lowers the distance by at most a quarter of blend_mm.
  Box bounds = widened(both(a.bounds, b.bounds), blend_mm / 4);
  return {[a = std::move(a), b = std::move(b), blend_mm](const Vector3& p) {
            const double far_a = beyond(a.bounds, p), far_b = beyond(b.bounds, p);
            const double da = far_a > kFarMm ? far_a : a.distance_mm(p), db = far_b > kFarMm ? far_b : b.distance_mm(p);
            const double h = std::max(blend_mm - std::abs(da - db), 0.0) / blend_mm;
            return std::min(da, db) - h * h * blend_mm / 4;
          },
          bounds};
}

Shape intersect(Shape a, Shape b) {
  const Box bounds = common(a.bounds, b.bounds);
  return {[a = std::move(a.distance_mm), b = std::move(b.distance_mm)](const Vector3& p) {
            const double d = a(p);
            return d > 0 ? d : std::max(d, b(p));
          },
          bounds};
}

Shape subtract(Shape from, Shape what) {
  const Box bounds = from.bounds;
  return {[a = std::move(from.distance_mm), b = std::move(what.distance_mm)](const Vector3& p) {
            const double d = a(p);
            return d > 0 ? d : std::max(d, -b(p));
          },
          bounds};
}

Shape grow(Shape shape, double by_mm) {
  const Box bounds = by_mm > 0 ? widened(shape.bounds, by_mm * 1.5) : shape.bounds;
  return {[f = std::move(shape.distance_mm), by_mm](const Vector3& p) { return f(p) - by_mm; }, bounds};
}

Shape where(std::function<double(const Vector3&)> f, const Box& bounds) { return {std::move(f), bounds}; }

Shape wobble(Shape shape, double amplitude_mm, double wavelength_mm, std::uint64_t seed) {
  const Box bounds = widened(shape.bounds, amplitude_mm * 1.5);
  return {[=, f = std::move(shape.distance_mm)](const Vector3& p) {
            const double d = f(p);
            if (std::abs(d) > amplitude_mm * 1.5) return d;
            return d + amplitude_mm * smooth_noise(p, wavelength_mm, seed);
          },
          bounds};
}

namespace {

// One round of SplitMix64's finaliser is random enough for a lattice, and runs eight times for every value of the
// noise.
inline double lattice(std::uint64_t seed, std::uint64_t key) {
  std::uint64_t z = seed + key * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-52 - 1;
}

}  // namespace

double smooth_noise(const Vector3& p, double wavelength_mm, std::uint64_t seed) {
  // Lattice values in [-1,1] joined by quintics (K. Perlin, Improving noise, SIGGRAPH 2002).
  const double cell = wavelength_mm / 2;
  std::int64_t base[3];
  double t[3];
  for (int axis = 0; axis < 3; ++axis) {
    const double place = p[axis] / cell;
    const double whole = std::floor(place);
    const double f = place - whole;
    base[axis] = static_cast<std::int64_t>(whole);
    t[axis] = f * f * f * (f * (f * 6 - 15) + 10);
  }
  double sum = 0;
  for (int corner = 0; corner < 8; ++corner) {
    std::uint64_t key = 0;
    double weight = 1;
    for (int axis = 0; axis < 3; ++axis) {
      const int high = (corner >> axis) & 1;
      key = (key << 21) | (static_cast<std::uint64_t>(base[axis] + high) & 0x1fffff);
      weight *= high ? t[axis] : 1 - t[axis];
    }
    sum += weight * lattice(seed, key);
  }
  return sum;
}

}  // namespace ctforge::io::phantom
