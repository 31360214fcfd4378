// Moving slices in their planes.
#include "io/volume/gantry_tilt.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>

#include <tbb/parallel_for.h>

namespace ctforge::io {

namespace {

constexpr double kAirHu = -1024;

// Pixels between the beginning of the upright grid and that of a slice, along one axis; never negative.
double offset_px(double step_px, std::int64_t slice, std::int64_t slices) {
  return step_px >= 0 ? step_px * static_cast<double>(slice) : -step_px * static_cast<double>(slices - 1 - slice);
}

// Where the pixels of an upright axis fall in a slice: pixel i between `first + i` and the next, a fraction beyond it.
struct Shift {
  std::int64_t first = 0;
  double fraction = 0;
};

Shift shift_of(double offset) {
  const double first = std::floor(-offset);
  return {static_cast<std::int64_t>(first), -offset - first};
}

void move_slice(std::span<const std::int16_t> in, const std::array<std::int64_t, 2>& size, const Shift& x,
                const Shift& y, std::span<std::int16_t> out, std::int64_t width) {
  const std::int64_t height = static_cast<std::int64_t>(out.size()) / width;
  const auto at = [&](std::int64_t column, std::int64_t row) {
    if (column < 0 || row < 0 || column >= size[0] || row >= size[1]) return kAirHu;
    return static_cast<double>(in[static_cast<std::size_t>(row * size[0] + column)]);
  };
  const auto along_x = [&](std::int64_t column, std::int64_t row) {
    return x.fraction == 0 ? at(column, row) : (1 - x.fraction) * at(column, row) + x.fraction * at(column + 1, row);
  };
  for (std::int64_t j = 0; j < height; ++j)
    for (std::int64_t i = 0; i < width; ++i) {
      const std::int64_t column = x.first + i, row = y.first + j;
      double hu = along_x(column, row);
      if (y.fraction != 0) hu = (1 - y.fraction) * hu + y.fraction * along_x(column, row + 1);
      out[static_cast<std::size_t>(j * width + i)] = static_cast<std::int16_t>(std::lround(hu));
    }
}

}  // namespace

Geometry upright_geometry(const Geometry& stored, const GantryTilt& tilt) {
  Geometry upright = stored;
  Vector3 first = {0, 0, 0};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const double displaced = tilt.step_px[axis] * static_cast<double>(stored.size[2] - 1);
    upright.size[axis] = tilt.size[axis] + static_cast<std::int64_t>(std::ceil(std::abs(displaced) - 1e-6));
    first[axis] = std::min(0.0, displaced);
  }
  upright.origin_mm = index_to_point_mm(stored, first);
  return upright;
}

std::vector<std::int16_t> make_upright(const std::vector<std::int16_t>& stored, const GantryTilt& tilt,
                                       const std::array<std::int64_t, 3>& upright_size) {
  const std::int64_t slices = upright_size[2], pixels = tilt.size[0] * tilt.size[1];
  const std::int64_t upright_pixels = upright_size[0] * upright_size[1];
  if (static_cast<std::int64_t>(stored.size()) != pixels * slices)
    throw std::invalid_argument("the tilted slices are not of the size that is told");
  std::vector<std::int16_t> upright(static_cast<std::size_t>(upright_pixels * slices));
  tbb::parallel_for(std::int64_t{0}, slices, [&](std::int64_t slice) {
    const auto in =
        std::span(stored).subspan(static_cast<std::size_t>(slice * pixels), static_cast<std::size_t>(pixels));
    const auto out = std::span(upright).subspan(static_cast<std::size_t>(slice * upright_pixels),
                                                static_cast<std::size_t>(upright_pixels));
    move_slice(in, tilt.size, shift_of(offset_px(tilt.step_px[0], slice, slices)),
               shift_of(offset_px(tilt.step_px[1], slice, slices)), out, upright_size[0]);
  });
  return upright;
}

}  // namespace ctforge::io
