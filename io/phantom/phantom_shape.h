// Solid shapes as signed distances, from which the phantom's anatomy is put together.
#pragma once

#include "io/volume/geometry.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace ctforge::io::phantom {

struct Box {
  Vector3 low, high;  // mm
};

// Farther than this from a part's bounds the distance to the bounds will do: no blend, growth or wobble reaches so far.
inline constexpr double kFarMm = 45;

// A solid: distance_mm is negative inside and close to the Euclidean distance near the surface (exact for capsules).
// Every point inside lies in bounds.
struct Shape {
  std::function<double(const Vector3&)> distance_mm;
  Box bounds;
};

// rotation_deg turns about x, then y, then z.
Shape ellipsoid(const Vector3& centre, const Vector3& radii_mm, const Vector3& rotation_deg = {0, 0, 0});
Shape box(const Vector3& centre, const Vector3& half_mm, const Vector3& rotation_deg = {0, 0, 0},
          double rounding_mm = 2);

// A cross-section of a body-like column at height z: |u|^2 + |v|^2 - squareness u^2 v^2 = 1, u = (x-x0)/rx, v =
// (y-y0)/ry (squareness 0 an ellipse, towards 1 a rounded rectangle; M. Fernandez Guasti, Int. J. Math. Educ. Sci.
// Technol. 1992).
struct Section {
  double z, x0, y0, rx, ry, squareness;
};
// Sections in order of z, interpolated smoothly between, ending flat at the first and last.
Shape column(const std::vector<Section>& sections);

struct Node {
  Vector3 at;
  double radius_mm;
};
// Catmull-Rom curve through the nodes, `pieces` straight pieces for each span.
std::vector<Node> spline(const std::vector<Node>& nodes, int pieces = 4);
std::vector<Node> mirrored(std::vector<Node> nodes);  // x to -x
// Round cone-like pieces between neighbouring nodes, one shape each or all as one.
std::vector<Shape> capsules(const std::vector<Node>& nodes);
Shape tube(const std::vector<Node>& nodes);

Shape unite(std::vector<Shape> shapes);
// Like unite, with the crease between the two filled over about blend_mm.
Shape blend(Shape a, Shape b, double blend_mm);
Shape intersect(Shape a, Shape b);
Shape subtract(Shape from, Shape what);
Shape grow(Shape shape, double by_mm);  // negative shrinks
// Points where f is negative, within bounds.
Shape where(std::function<double(const Vector3&)> f, const Box& bounds);
// The surface moved in and out by smooth noise of this amplitude and wavelength.
Shape wobble(Shape shape, double amplitude_mm, double wavelength_mm, std::uint64_t seed);

// Smooth noise in about [-1,1], standard deviation about 0.4, depending on (seed, position) alone.
double smooth_noise(const Vector3& point_mm, double wavelength_mm, std::uint64_t seed);

}  // namespace ctforge::io::phantom
