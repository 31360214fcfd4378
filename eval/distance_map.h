// Euclidean distances to the nearest of marked points of a grid.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace ctforge::eval {

// Distance in mm of every point of a grid (size and spacing z, y, x) to the nearest marked one; infinite where nothing
// is marked. Exact, in time that is linear in the points: lower envelopes of parabolas along one axis after another
// (P. F. Felzenszwalb and D. P. Huttenlocher, Theory of Computing 8:415, 2012).
std::vector<double> distance_map_mm(const std::vector<std::uint8_t>& marked, const std::array<std::int64_t, 3>& size,
                                    const std::array<double, 3>& spacing_mm);

}  // namespace ctforge::eval
