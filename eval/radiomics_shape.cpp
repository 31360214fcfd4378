// Shape in the plane: marching squares over pixel centres (Lorensen and Cline 1987 in two dimensions) and the principal
// axes of the pixels.
#include "eval/radiomics.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace ctforge::eval {
namespace {

struct Point {
  double x = 0, y = 0;  // mm
};

// Pixels, with nothing beyond the slice.
class Slice {
 public:
  explicit Slice(const Region& region) : region_(region) {}
  bool inside(std::int64_t y, std::int64_t x) const {
    return y >= 0 && x >= 0 && y < region_.size[1] && x < region_.size[2] &&
           region_.inside[static_cast<std::size_t>(y * region_.size[2] + x)] != 0;
  }

 private:
  const Region& region_;
};

struct Contour {
  double area_mm2 = 0, perimeter_mm = 0;
  std::vector<Point> points;  // middles between a pixel inside and one outside
};

// Each square of four pixel centres adds the part of it that the contour cuts off, and the contour's length in it. Two
// opposite corners are two corners cut off.
Contour marched(const Region& region) {
  const Slice slice(region);
  const double dx = region.spacing_mm[0], dy = region.spacing_mm[1], corner = std::hypot(dx, dy) / 2;
  constexpr double kAreas[] = {0, 0.125, 0.5, 0.875, 1};
  Contour contour;
  for (std::int64_t y = -1; y < region.size[1]; ++y)
    for (std::int64_t x = -1; x < region.size[2]; ++x) {
      const bool a = slice.inside(y, x), b = slice.inside(y, x + 1), c = slice.inside(y + 1, x),
                 d = slice.inside(y + 1, x + 1);
      const int count = a + b + c + d;
      const bool opposite = count == 2 && a == d;
      contour.area_mm2 += (opposite ? 0.25 : kAreas[count]) * dx * dy;
      if (opposite)
        contour.perimeter_mm += 2 * corner;
      else if (count == 2)
        contour.perimeter_mm += a == b ? dx : dy;
      else if (count == 1 || count == 3)
        contour.perimeter_mm += corner;
      const auto px = static_cast<double>(x), py = static_cast<double>(y);
      if (a != b) contour.points.push_back({(px + 0.5) * dx, py * dy});
      if (a != c) contour.points.push_back({px * dx, (py + 0.5) * dy});
    }
  return contour;
}

double largest_distance(const std::vector<Point>& points) {
  double square = 0;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      const double x = points[i].x - points[j].x, y = points[i].y - points[j].y;
      square = std::max(square, x * x + y * y);
    }
  return std::sqrt(square);
}

// Variances along the principal axes of the pixel centres, mm^2: the larger and the smaller.
struct Axes {
  double major = 0, minor = 0;
  std::int64_t pixels = 0;
};

Axes principal_axes(const Region& region) {
  double count = 0, mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
  for (int pass = 0; pass < 2; ++pass) {
    std::size_t i = 0;
    for (std::int64_t y = 0; y < region.size[1]; ++y)
      for (std::int64_t x = 0; x < region.size[2]; ++x, ++i) {
        if (region.inside[i] == 0) continue;
        const double px = static_cast<double>(x) * region.spacing_mm[0],
                     py = static_cast<double>(y) * region.spacing_mm[1];
        if (pass == 0) {
          count += 1, mean_x += px, mean_y += py;
        } else {
          xx += (px - mean_x) * (px - mean_x), yy += (py - mean_y) * (py - mean_y), xy += (px - mean_x) * (py - mean_y);
        }
      }
    if (pass == 0) mean_x /= count, mean_y /= count;
  }
  const double middle = (xx + yy) / 2, apart = std::hypot((xx - yy) / 2, xy);
  return {(middle + apart) / count, std::max(0.0, middle - apart) / count, static_cast<std::int64_t>(count)};
}

}  // namespace

const std::vector<std::string>& shape_2d_names() {
  static const std::vector<std::string> names = {
      "shape2D_Elongation",      "shape2D_MajorAxisLength", "shape2D_MaximumDiameter",       "shape2D_MeshSurface",
      "shape2D_MinorAxisLength", "shape2D_Perimeter",       "shape2D_PerimeterSurfaceRatio", "shape2D_PixelSurface",
      "shape2D_Sphericity"};
  return names;
}

std::vector<double> shape_2d(const Region& region) {
  require_region(region);
  if (region.size[0] != 1) throw std::invalid_argument("the shape in the plane is of a single slice");
  const Contour contour = marched(region);
  const Axes axes = principal_axes(region);
  return {axes.major > 0 ? std::sqrt(axes.minor / axes.major) : 0,
          4 * std::sqrt(axes.major),
          largest_distance(contour.points),
          contour.area_mm2,
          4 * std::sqrt(axes.minor),
          contour.perimeter_mm,
          contour.perimeter_mm / contour.area_mm2,
          static_cast<double>(axes.pixels) * region.spacing_mm[0] * region.spacing_mm[1],
          2 * std::sqrt(std::numbers::pi * contour.area_mm2) / contour.perimeter_mm};
}

}  // namespace ctforge::eval
