// Closed contours to pixels: the even-odd rule, exact to the half pixel.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace ctforge::io {

// Corners of a closed polygon in pixel indices (column, row); (0, 0) is the centre of the first pixel. The last corner
// is joined to the first, whether or not it repeats it.
using Contour = std::vector<std::array<double, 2>>;

// [rows, columns], 1 where a pixel's centre lies within an odd number of the contours, else 0: a contour within another
// is a hole, and the channel of a keyhole encloses nothing. A centre on an edge belongs where the inside is to its
// right or, on a horizontal edge, below it: contours that share an edge share no pixel and leave none out. Coordinates
// are first rounded to 2^-20 of a pixel, so that the noise of converting from millimetres decides nothing. They must be
// finite, and count as 1e9 at most; what lies beyond the pixels is cut off. Fewer than three corners enclose nothing.
std::vector<std::uint8_t> fill_even_odd(std::span<const Contour> contours, std::int64_t columns, std::int64_t rows);

}  // namespace ctforge::io
