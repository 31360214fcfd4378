// Crossings of the rows by the edges, then the parity along each row.
#include "io/labels/contour_raster.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ctforge::io {

namespace {

using Point = std::array<double, 2>;

Point rounded(const Point& point) {
  constexpr double steps = 1 << 20, most = 1e9;
  const auto round = [&](double value) { return std::round(std::clamp(value, -most, most) * steps) / steps; };
  return {round(point[0]), round(point[1])};
}

// Flips the parity at the first pixel at or after the place where an edge crosses a row, for each row that it crosses:
// those from its upper end, included, to its lower end, left out.
void cross_rows(Point a, Point b, std::int64_t columns, std::int64_t rows, std::vector<std::uint8_t>& flips) {
  if (a[1] == b[1]) return;
  if (a[1] > b[1]) std::swap(a, b);  // an edge gives the same crossings whichever way it runs
  const auto height = static_cast<double>(rows), width = static_cast<double>(columns);
  const auto first = static_cast<std::int64_t>(std::clamp(std::ceil(a[1]), 0.0, height));
  const auto end = static_cast<std::int64_t>(std::clamp(std::ceil(b[1]), 0.0, height));
  const double slope = (b[0] - a[0]) / (b[1] - a[1]);
  for (std::int64_t row = first; row < end; ++row) {
    const double crossing = a[0] + (static_cast<double>(row) - a[1]) * slope;
    const double column = std::clamp(std::ceil(crossing), 0.0, width);
    flips[static_cast<std::size_t>(row * (columns + 1) + static_cast<std::int64_t>(column))] ^= 1U;
  }
}

}  // namespace

std::vector<std::uint8_t> fill_even_odd(std::span<const Contour> contours, std::int64_t columns, std::int64_t rows) {
  // One more column than pixels: crossings to the right of them all.
  std::vector<std::uint8_t> flips(static_cast<std::size_t>((columns + 1) * rows));
  for (const Contour& contour : contours)
    for (std::size_t i = 0; i < contour.size(); ++i)
      cross_rows(rounded(contour[i]), rounded(contour[(i + 1) % contour.size()]), columns, rows, flips);
  std::vector<std::uint8_t> inside(static_cast<std::size_t>(columns * rows));
  for (std::int64_t row = 0; row < rows; ++row) {
    std::uint8_t parity = 0;
    for (std::int64_t column = 0; column < columns; ++column) {
      parity ^= flips[static_cast<std::size_t>(row * (columns + 1) + column)];
      inside[static_cast<std::size_t>(row * columns + column)] = parity;
    }
  }
  return inside;
}

}  // namespace ctforge::io
