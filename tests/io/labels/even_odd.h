// Polygons filled at the pixels' centres, for tests of contours.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace ctforge::test {

using Polygon = std::vector<std::array<double, 2>>;  // index coordinates x, y

// How many polygons each pixel of a plane [rows,columns] lies in, by the even-odd rule: a ray to the right crosses the
// boundary an odd number of times.
inline std::vector<int> polygons_about_pixels(const std::vector<Polygon>& polygons, std::int64_t columns,
                                              std::int64_t rows) {
  std::vector<int> count(static_cast<std::size_t>(columns * rows));
  for (const Polygon& polygon : polygons)
    for (std::int64_t y = 0; y < rows; ++y)
      for (std::int64_t x = 0; x < columns; ++x) {
        const double px = static_cast<double>(x), py = static_cast<double>(y);
        bool odd = false;
        for (std::size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
          const auto &a = polygon[i], &b = polygon[j];
          if ((a[1] > py) != (b[1] > py) && px < (b[0] - a[0]) * (py - a[1]) / (b[1] - a[1]) + a[0]) odd = !odd;
        }
        count[static_cast<std::size_t>(y * columns + x)] += odd ? 1 : 0;
      }
  return count;
}

}  // namespace ctforge::test
