// Boundaries followed edge by edge, and holes joined to their surroundings.
#include "io/labels/contour.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>

namespace ctforge::io {

namespace {

// Directions in the order in which a right turn follows: to the right, down, to the left, up.
constexpr std::array<PixelCorner, 4> kSteps = {{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};

// Follows the boundary with the mask on the right hand: clockwise about the mask, where y points down.
class Tracer {
 public:
  Tracer(std::span<const std::uint8_t> plane, std::int64_t columns, std::int64_t rows, std::uint8_t value)
      : plane_(plane),
        columns_(static_cast<std::int32_t>(columns)),
        rows_(static_cast<std::int32_t>(rows)),
        value_(value),
        leaving_(static_cast<std::size_t>((columns + 1) * (rows + 1))),
        ring_(leaving_.size(), -1) {
    for (std::int32_t y = 0; y < rows_; ++y)
      for (std::int32_t x = 0; x < columns_; ++x)
        if (inside(x, y)) add_edges(x, y);
  }

  std::vector<PixelContour> contours() {
    std::vector<PixelContour> rings;
    // The first corner of a ring in this order is its uppermost, of these the leftmost.
    for (std::int32_t y = 0; y <= rows_; ++y)
      for (std::int32_t x = 0; x <= columns_; ++x)
        while (leaving_[at({x, y})] != 0) rings.push_back(follow({x, y}, static_cast<std::int32_t>(rings.size())));
    return joined(std::move(rings));
  }

 private:
  std::size_t at(PixelCorner corner) const {
    return static_cast<std::size_t>(corner.y) * static_cast<std::size_t>(columns_ + 1) +
           static_cast<std::size_t>(corner.x);
  }
  bool inside(std::int32_t x, std::int32_t y) const {
    return x >= 0 && y >= 0 && x < columns_ && y < rows_ &&
           plane_[static_cast<std::size_t>(y) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(x)] ==
               value_;
  }
  void leave(PixelCorner corner, unsigned direction) {
    leaving_[at(corner)] = static_cast<std::uint8_t>(leaving_[at(corner)] | 1U << direction);
  }
  void add_edges(std::int32_t x, std::int32_t y) {
    if (!inside(x, y - 1)) leave({x, y}, 0);
    if (!inside(x + 1, y)) leave({x + 1, y}, 1);
    if (!inside(x, y + 1)) leave({x + 1, y + 1}, 2);
    if (!inside(x - 1, y)) leave({x, y + 1}, 3);
  }

  // One ring, whose corners are those where it turns.
  PixelContour follow(PixelCorner corner, std::int32_t number) {
    PixelContour ring;
    unsigned before = 4;  // none
    while (leaving_[at(corner)] != 0) {
      const unsigned edges = leaving_[at(corner)];
      unsigned direction = 0;
      // Where two pixels touch in a corner, a right turn stays with the pixel: they are outlined apart.
      for (const unsigned turn : {1U, 0U, 3U}) {
        direction = (before + turn) % 4;
        if ((edges >> direction & 1U) != 0) break;
      }
      if (direction != before) ring.push_back(corner);
      leaving_[at(corner)] = static_cast<std::uint8_t>(edges & ~(1U << direction));
      ring_[at(corner)] = number;
      corner = {corner.x + kSteps[direction].x, corner.y + kSteps[direction].y};
      if (corner == ring.front()) break;
      before = direction;
    }
    return ring;
  }

  // A ring about a hole begins downwards, as the mask is on its right; one about the mask to the right.
  static bool is_hole(const PixelContour& ring) { return ring[1].x == ring[0].x; }

  std::vector<PixelContour> joined(std::vector<PixelContour> rings) const {
    std::vector<std::size_t> root(rings.size());
    std::vector<PixelContour> outer;
    for (std::size_t i = 0; i < rings.size(); ++i) {
      if (!is_hole(rings[i])) {
        root[i] = outer.size();
        outer.push_back(std::move(rings[i]));
        continue;
      }
      // Upwards within the mask to the first boundary, which began further up and is therefore joined already.
      PixelCorner above = rings[i].front();
      do --above.y;
      while (inside(above.x - 1, above.y - 1) && inside(above.x, above.y - 1));
      root[i] = root[static_cast<std::size_t>(ring_[at(above)])];
      join(outer[root[i]], above, rings[i]);
    }
    return outer;
  }

  static bool between(PixelCorner a, PixelCorner corner, PixelCorner b) {
    return std::min(a.x, b.x) <= corner.x && corner.x <= std::max(a.x, b.x) && std::min(a.y, b.y) <= corner.y &&
           corner.y <= std::max(a.y, b.y);
  }

  // Inserts corner, the ring about the hole and the way back into the polygon.
  static void join(PixelContour& polygon, PixelCorner corner, const PixelContour& hole) {
    std::size_t edge = 0;
    while (!between(polygon[edge], corner, polygon[(edge + 1) % polygon.size()])) ++edge;
    PixelContour way = {corner};
    way.insert(way.end(), hole.begin(), hole.end());
    way.push_back(hole.front());
    way.push_back(corner);
    if (polygon[edge] == corner) way.erase(way.begin());
    if (polygon[(edge + 1) % polygon.size()] == corner) way.pop_back();
    polygon.insert(polygon.begin() + static_cast<std::ptrdiff_t>(edge) + 1, way.begin(), way.end());
  }

  std::span<const std::uint8_t> plane_;
  std::int32_t columns_, rows_;
  std::uint8_t value_;
  std::vector<std::uint8_t> leaving_;  // [rows+1,columns+1] of each corner: a bit for each direction an edge leaves in
  std::vector<std::int32_t> ring_;     // [rows+1,columns+1] the last ring through each corner
};

}  // namespace

std::vector<PixelContour> trace_contours(std::span<const std::uint8_t> plane, std::int64_t columns, std::int64_t rows,
                                         std::uint8_t value) {
  if (columns < 0 || rows < 0 || columns > 65535 || rows > 65535 ||
      static_cast<std::int64_t>(plane.size()) != columns * rows)
    throw std::invalid_argument("the number of pixels does not match rows and columns");
  if (std::find(plane.begin(), plane.end(), value) == plane.end()) return {};
  return Tracer(plane, columns, rows, value).contours();
}

}  // namespace ctforge::io
