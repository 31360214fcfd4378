// Outlines of masks along the boundaries of pixels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ctforge::io {

// A corner of pixels: (x, y) is the upper left one of pixel (x, y), whose index coordinates are (x - 0.5, y - 0.5).
struct PixelCorner {
  std::int32_t x = 0, y = 0;
  bool operator==(const PixelCorner&) const = default;
};

// A closed polygon; the first corner is not repeated at the end.
using PixelContour = std::vector<PixelCorner>;

// The outlines of the pixels of a plane [rows,columns] that have `value`: one polygon for each group of pixels that
// share edges. A hole is joined to what surrounds it by a channel of no width (the "keyhole" of PS3.3 C.8.8.6.3), so
// that the polygons do not overlap and even-odd filling of each at the pixels' centres gives the mask, whether a reader
// then adds them or takes them by turns. Throws std::invalid_argument when the plane has not rows x columns pixels.
std::vector<PixelContour> trace_contours(std::span<const std::uint8_t> plane, std::int64_t columns, std::int64_t rows,
                                         std::uint8_t value);

}  // namespace ctforge::io
