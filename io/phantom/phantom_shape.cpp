// Signed distances of the primitive shapes.
#include "io/phantom/phantom_shape.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace ctforge::io::phantom {

namespace {

constexpr double kInfinity = 1e30;

// Inlined here: these run for every sample of every shape.
inline double product(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// Rows are the rotated axes: multiplying takes a point into the shape's own frame.
Matrix3 into_frame(const Vector3& degrees) {
  const auto turn = [](double angle) { return angle * std::numbers::pi / 180; };
  const double cx = std::cos(turn(degrees[0])), sx = std::sin(turn(degrees[0]));
  const double cy = std::cos(turn(degrees[1])), sy = std::sin(turn(degrees[1]));
  const double cz = std::cos(turn(degrees[2])), sz = std::sin(turn(degrees[2]));
  return {{{cy * cz, cy * sz, -sy},
           {sx * sy * cz - cx * sz, sx * sy * sz + cx * cz, sx * cy},
           {cx * sy * cz + sx * sz, cx * sy * sz - sx * cz, cx * cy}}};
}

Vector3 local(const Matrix3& frame, const Vector3& centre, const Vector3& p) {
  const Vector3 d = {p[0] - centre[0], p[1] - centre[1], p[2] - centre[2]};
  return {product(frame[0], d), product(frame[1], d), product(frame[2], d)};
}

Box around(const Vector3& centre, const Matrix3& frame, const Vector3& half) {
  Box bounds{};
  for (int axis = 0; axis < 3; ++axis) {
    const double reach = std::hypot(frame[0][axis] * half[0], frame[1][axis] * half[1], frame[2][axis] * half[2]);
    bounds.low[axis] = centre[axis] - reach;
    bounds.high[axis] = centre[axis] + reach;
  }
  return bounds;
}

Box corner_box(const Matrix3& frame, const Vector3& centre, const Vector3& half) {
  Box bounds{};
  for (int axis = 0; axis < 3; ++axis) {
    double reach = 0;
    for (int k = 0; k < 3; ++k) reach += std::abs(frame[k][axis]) * half[k];
    bounds.low[axis] = centre[axis] - reach;
    bounds.high[axis] = centre[axis] + reach;
  }
  return bounds;
}

// Farther than this from a part's bounds the bound itself is distance enough: no blend, growth or wobble reaches so
// far.
constexpr double kFar = 45;

// Catmull-Rom between b and c.
double catmull(double a, double b, double c, double d, double t) {
  return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t);
}

struct SectionTable {
  double start = 0, step = 2;
  std::vector<Section> rows;
  Section at(double z) const {
    const double place = std::clamp((z - start) / step, 0.0, static_cast<double>(rows.size() - 1));
    const auto i = std::min(static_cast<std::size_t>(place), rows.size() - 2);
    const double t = place - static_cast<double>(i);
    const Section &a = rows[i], &b = rows[i + 1];
    return {z,
            a.x0 + t * (b.x0 - a.x0),
            a.y0 + t * (b.y0 - a.y0),
            a.rx + t * (b.rx - a.rx),
            a.ry + t * (b.ry - a.ry),
            a.squareness + t * (b.squareness - a.squareness)};
  }
};

SectionTable tabulate(const std::vector<Section>& s) {
  SectionTable table;
  table.start = s.front().z;
  std::size_t i = 0;
  const auto n = static_cast<std::size_t>(std::ceil((s.back().z - table.start) / table.step)) + 1;
  for (std::size_t k = 0; k < std::max<std::size_t>(n, 2); ++k) {
    const double z = std::min(table.start + table.step * static_cast<double>(k), s.back().z);
    while (i + 2 < s.size() && z > s[i + 1].z) ++i;
    const Section &a = s[i > 0 ? i - 1 : 0], &b = s[i], &c = s[i + 1], &d = s[std::min(i + 2, s.size() - 1)];
    const double t = (z - b.z) / (c.z - b.z);
    const auto mix = [&](double Section::*field) { return catmull(a.*field, b.*field, c.*field, d.*field, t); };
    table.rows.push_back({z, mix(&Section::x0), mix(&Section::y0), std::max(1.0, mix(&Section::rx)),
                          std::max(1.0, mix(&Section::ry)), std::clamp(mix(&Section::squareness), 0.0, 0.9)});
  }
  return table;
}

double section_distance(const Section& s, double x, double y) {
  const double u = (x - s.x0) / s.rx, v = (y - s.y0) / s.ry;
  // Beyond the bounding rectangle the product term is held, or the contour would close again outside it.
  const double u2 = std::min(u * u, 1.0), v2 = std::min(v * v, 1.0);
  const double q = std::sqrt(u * u + v * v - s.squareness * u2 * v2);
  const double gx = u * (1 - s.squareness * v2) / s.rx, gy = v * (1 - s.squareness * u2) / s.ry;
  const double slope = std::sqrt(gx * gx + gy * gy);
  return slope < 1e-9 ? -std::min(s.rx, s.ry) : (q - 1) * q / slope;
}

}  // namespace

Shape ellipsoid(const Vector3& centre, const Vector3& radii, const Vector3& rotation_deg) {
  const Matrix3 frame = into_frame(rotation_deg);
  return {[=](const Vector3& p) {
            const Vector3 l = local(frame, centre, p);
            const Vector3 u = {l[0] / radii[0], l[1] / radii[1], l[2] / radii[2]};
            const double q = std::sqrt(product(u, u));
            const Vector3 g = {u[0] / radii[0], u[1] / radii[1], u[2] / radii[2]};
            const double slope = std::sqrt(product(g, g));
            return slope < 1e-9 ? -std::min({radii[0], radii[1], radii[2]}) : (q - 1) * q / slope;
          },
          around(centre, frame, radii)};
}

Shape box(const Vector3& centre, const Vector3& half, const Vector3& rotation_deg, double rounding_mm) {
  const Matrix3 frame = into_frame(rotation_deg);
  return {[=](const Vector3& p) {
            const Vector3 l = local(frame, centre, p);
            Vector3 outside{};
            double inside = -kInfinity;
            for (int axis = 0; axis < 3; ++axis) {
              const double d = std::abs(l[axis]) - half[axis] + rounding_mm;
              outside[axis] = std::max(d, 0.0);
              inside = std::max(inside, d);
            }
            return std::sqrt(product(outside, outside)) + std::min(inside, 0.0) - rounding_mm;
          },
          corner_box(frame, centre, half)};
}

Shape column(const std::vector<Section>& sections) {
  if (sections.size() < 2) throw std::invalid_argument("a column needs two sections");
  const auto table = std::make_shared<const SectionTable>(tabulate(sections));
  const double low = sections.front().z, high = sections.back().z;
  Box bounds = {{kInfinity, kInfinity, low}, {-kInfinity, -kInfinity, high}};
  for (const Section& s : table->rows) {
    bounds.low[0] = std::min(bounds.low[0], s.x0 - s.rx);
    bounds.high[0] = std::max(bounds.high[0], s.x0 + s.rx);
    bounds.low[1] = std::min(bounds.low[1], s.y0 - s.ry);
    bounds.high[1] = std::max(bounds.high[1], s.y0 + s.ry);
  }
  return {[=](const Vector3& p) {
            const double ends = std::max(low - p[2], p[2] - high);
            if (ends > kFarMm) return ends;
            return std::max(ends, section_distance(table->at(p[2]), p[0], p[1]));
          },
          bounds};
}

std::vector<Node> spline(const std::vector<Node>& nodes, int pieces) {
  std::vector<Node> out;
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
    const Node &a = nodes[i > 0 ? i - 1 : 0], &b = nodes[i], &c = nodes[i + 1],
               &d = nodes[std::min(i + 2, nodes.size() - 1)];
    for (int k = 0; k < pieces; ++k) {
      const double t = static_cast<double>(k) / pieces;
      Node node{};
      for (int axis = 0; axis < 3; ++axis) node.at[axis] = catmull(a.at[axis], b.at[axis], c.at[axis], d.at[axis], t);
      node.radius_mm = b.radius_mm + t * (c.radius_mm - b.radius_mm);
      out.push_back(node);
    }
  }
  if (!nodes.empty()) out.push_back(nodes.back());
  return out;
}

std::vector<Node> mirrored(std::vector<Node> nodes) {
  for (Node& node : nodes) node.at[0] = -node.at[0];
  return nodes;
}

std::vector<Shape> capsules(const std::vector<Node>& nodes) {
  if (nodes.empty()) throw std::invalid_argument("a tube needs a node");
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i + 1 < std::max<std::size_t>(nodes.size(), 2); ++i) {
    const Node a = nodes[i], b = nodes[std::min(i + 1, nodes.size() - 1)];
    const Vector3 along = {b.at[0] - a.at[0], b.at[1] - a.at[1], b.at[2] - a.at[2]};
    const double length2 = std::max(product(along, along), 1e-12);
    Box bounds{};
    for (int axis = 0; axis < 3; ++axis) {
      bounds.low[axis] = std::min(a.at[axis] - a.radius_mm, b.at[axis] - b.radius_mm);
      bounds.high[axis] = std::max(a.at[axis] + a.radius_mm, b.at[axis] + b.radius_mm);
    }
    shapes.push_back({[=](const Vector3& p) {
                        const Vector3 d = {p[0] - a.at[0], p[1] - a.at[1], p[2] - a.at[2]};
                        const double t = std::clamp(product(d, along) / length2, 0.0, 1.0);
                        const Vector3 e = {d[0] - t * along[0], d[1] - t * along[1], d[2] - t * along[2]};
                        return std::sqrt(product(e, e)) - (a.radius_mm + t * (b.radius_mm - a.radius_mm));
                      },
                      bounds});
  }
  return shapes;
}

Shape tube(const std::vector<Node>& nodes) { return unite(capsules(nodes)); }

}  // namespace ctforge::io::phantom
