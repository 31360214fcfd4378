// Finding the body, laying out windows, cutting and judging patches.
#include "io/volume/patch.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ctforge::io {

namespace {

constexpr double kBlockMm = 4;

// A coarse mask of blocks; block voxels along each axis.
struct BlockMask {
  std::array<std::int64_t, 3> size, block;
  std::vector<std::uint8_t> inside;

  std::size_t at(std::int64_t x, std::int64_t y, std::int64_t z) const {
    return static_cast<std::size_t>((z * size[1] + y) * size[0] + x);
  }
};

void mark_slab(const Volume& volume, double threshold_hu, std::int64_t z, BlockMask& mask) {
  const auto [nx, ny, nz] = volume.geometry.size;
  const std::int64_t last = std::min(nz, (z + 1) * mask.block[2]);
  std::vector<std::int64_t> sum(static_cast<std::size_t>(mask.size[0] * mask.size[1]));
  std::vector<std::int64_t> count(sum.size());
  for (std::int64_t slice = z * mask.block[2]; slice < last; ++slice)
    for (std::int64_t y = 0; y < ny; ++y) {
      const std::int16_t* row = volume.hu.data() + (slice * ny + y) * nx;
      const std::int64_t line = y / mask.block[1] * mask.size[0];
      for (std::int64_t bx = 0; bx < mask.size[0]; ++bx) {
        const std::int64_t end = std::min(nx, (bx + 1) * mask.block[0]);
        std::int64_t row_sum = 0;
        for (std::int64_t x = bx * mask.block[0]; x < end; ++x) row_sum += row[x];
        sum[static_cast<std::size_t>(line + bx)] += row_sum;
        count[static_cast<std::size_t>(line + bx)] += end - bx * mask.block[0];
      }
    }
  for (std::size_t i = 0; i < sum.size(); ++i)
    mask.inside[mask.at(0, 0, z) + i] = static_cast<double>(sum[i]) > threshold_hu * static_cast<double>(count[i]);
}

BlockMask threshold_blocks(const Volume& volume, double threshold_hu) {
  BlockMask mask;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    mask.block[axis] = std::max<std::int64_t>(1, std::llround(kBlockMm / volume.geometry.spacing_mm[axis]));
    mask.size[axis] = (volume.geometry.size[axis] + mask.block[axis] - 1) / mask.block[axis];
  }
  mask.inside.resize(static_cast<std::size_t>(mask.size[0] * mask.size[1] * mask.size[2]));
  for (std::int64_t z = 0; z < mask.size[2]; ++z) mark_slab(volume, threshold_hu, z, mask);
  return mask;
}

// Erosion (keep where all neighbours in the plane are inside) or dilation (set where any is). In the plane only:
// couches run along z, and thick slices are few. What lies beyond the grid counts as inside: the body may reach its
// border.
BlockMask morph(const BlockMask& mask, bool erode) {
  BlockMask result = mask;
  for (std::int64_t z = 0; z < mask.size[2]; ++z)
    for (std::int64_t y = 0; y < mask.size[1]; ++y)
      for (std::int64_t x = 0; x < mask.size[0]; ++x) {
        int inside = mask.inside[mask.at(x, y, z)], all = inside, any = inside;
        const auto see = [&](std::int64_t i, std::int64_t j) {
          if (i < 0 || j < 0 || i >= mask.size[0] || j >= mask.size[1]) return;
          all &= mask.inside[mask.at(i, j, z)];
          any |= mask.inside[mask.at(i, j, z)];
        };
        see(x - 1, y);
        see(x + 1, y);
        see(x, y - 1);
        see(x, y + 1);
        result.inside[mask.at(x, y, z)] = static_cast<std::uint8_t>(erode ? all : any);
      }
  return result;
}

// Collects the component of the first block in `component` and clears it from the mask.
void flood(BlockMask& mask, std::vector<std::array<std::int64_t, 3>>& component) {
  for (std::size_t next = 0; next < component.size(); ++next) {
    const auto [x, y, z] = component[next];
    const auto visit = [&](std::int64_t i, std::int64_t j, std::int64_t k) {
      if (i < 0 || j < 0 || k < 0 || i >= mask.size[0] || j >= mask.size[1] || k >= mask.size[2]) return;
      std::uint8_t& inside = mask.inside[mask.at(i, j, k)];
      if (inside == 0) return;
      inside = 0;
      component.push_back({i, j, k});
    };
    visit(x - 1, y, z);
    visit(x + 1, y, z);
    visit(x, y - 1, z);
    visit(x, y + 1, z);
    visit(x, y, z - 1);
    visit(x, y, z + 1);
  }
}

std::vector<std::array<std::int64_t, 3>> largest_component(BlockMask mask) {
  std::vector<std::array<std::int64_t, 3>> largest, component;
  for (std::int64_t z = 0; z < mask.size[2]; ++z)
    for (std::int64_t y = 0; y < mask.size[1]; ++y)
      for (std::int64_t x = 0; x < mask.size[0]; ++x) {
        if (mask.inside[mask.at(x, y, z)] == 0) continue;
        mask.inside[mask.at(x, y, z)] = 0;
        component = {{x, y, z}};
        flood(mask, component);
        if (component.size() > largest.size()) largest.swap(component);
      }
  return largest;
}

template <class T>
void cut_any(std::span<const T> data, const std::array<std::int64_t, 3>& size, std::int64_t z, const Window2d& window,
             T padding, std::vector<T>& patch) {
  if (z < 0 || z >= size[2] || data.size() != static_cast<std::size_t>(size[0] * size[1] * size[2]))
    throw std::invalid_argument("cutting outside a volume");
  patch.assign(static_cast<std::size_t>(window.width * window.height), padding);
  const std::int64_t x_begin = std::max<std::int64_t>(window.x, 0), x_end = std::min(window.x + window.width, size[0]);
  const std::int64_t y_begin = std::max<std::int64_t>(window.y, 0), y_end = std::min(window.y + window.height, size[1]);
  for (std::int64_t y = y_begin; y < y_end && x_begin < x_end; ++y) {
    const T* row = data.data() + (z * size[1] + y) * size[0];
    std::copy(row + x_begin, row + x_end, patch.begin() + (y - window.y) * window.width + x_begin - window.x);
  }
}

std::vector<std::int64_t> positions(std::int64_t grid, std::int64_t window, std::int64_t stride) {
  if (grid <= window) return {-((window - grid) / 2)};
  std::vector<std::int64_t> result;
  if (stride >= window) {
    // Side by side they reach beyond both ends alike; with gaps between them they stay within.
    const std::int64_t over = stride == window ? stride - 1 : 0;
    const std::int64_t count = (grid - window + over) / stride + 1;
    const std::int64_t first = (grid - (count - 1) * stride - window) / 2;
    for (std::int64_t i = 0; i < count; ++i) result.push_back(first + i * stride);
    return result;
  }
  for (std::int64_t first = 0; first + window <= grid; first += stride) result.push_back(first);
  if (result.back() + window < grid) result.push_back(grid - window);
  return result;
}

}  // namespace

std::optional<Vector3> body_centre(const Volume& volume, double threshold_hu) {
  const BlockMask mask = threshold_blocks(volume, threshold_hu);
  const BlockMask eroded = morph(mask, true);
  BlockMask body = mask;
  auto component = largest_component(eroded);
  if (component.empty()) {
    component = largest_component(mask);  // thinner than the opening
    if (component.empty()) return std::nullopt;
  }
  std::fill(body.inside.begin(), body.inside.end(), std::uint8_t{0});
  for (const auto& [x, y, z] : component) body.inside[body.at(x, y, z)] = 1;
  const BlockMask dilated = morph(body, false);
  Vector3 sum = {0, 0, 0};
  std::int64_t count = 0;
  for (std::int64_t z = 0; z < mask.size[2]; ++z)
    for (std::int64_t y = 0; y < mask.size[1]; ++y)
      for (std::int64_t x = 0; x < mask.size[0]; ++x) {
        if (dilated.inside[mask.at(x, y, z)] == 0 || mask.inside[mask.at(x, y, z)] == 0) continue;
        const std::array<std::int64_t, 3> at = {x, y, z};
        for (std::size_t axis = 0; axis < 3; ++axis) sum[axis] += static_cast<double>(at[axis]);
        ++count;
      }
  Vector3 centre;
  for (std::size_t axis = 0; axis < 3; ++axis)
    centre[axis] = (sum[axis] / static_cast<double>(count) + 0.5) * static_cast<double>(mask.block[axis]) - 0.5;
  return centre;
}

Window2d window_about(double centre_x, double centre_y, std::int64_t width, std::int64_t height) {
  // The window's middle lies between voxels for an even size: index first + (size - 1) / 2.
  return {std::llround(centre_x - static_cast<double>(width - 1) / 2),
          std::llround(centre_y - static_cast<double>(height - 1) / 2), width, height};
}

std::vector<Window2d> window_grid(std::int64_t grid_width, std::int64_t grid_height, std::int64_t width,
                                  std::int64_t height, std::int64_t stride_x, std::int64_t stride_y) {
  if (width < 1 || height < 1 || stride_x < 1 || stride_y < 1)
    throw std::invalid_argument("a grid of patches needs a size and a stride");
  std::vector<Window2d> windows;
  for (const std::int64_t y : positions(grid_height, height, stride_y))
    for (const std::int64_t x : positions(grid_width, width, stride_x)) windows.push_back({x, y, width, height});
  return windows;
}

Window2d covered_part(const std::vector<Window2d>& windows, std::int64_t grid_width, std::int64_t grid_height) {
  std::int64_t x0 = grid_width, y0 = grid_height, x1 = 0, y1 = 0;
  for (const Window2d& window : windows) {
    x0 = std::min(x0, window.x);
    y0 = std::min(y0, window.y);
    x1 = std::max(x1, window.x + window.width);
    y1 = std::max(y1, window.y + window.height);
  }
  x0 = std::clamp<std::int64_t>(x0, 0, grid_width - 1);
  y0 = std::clamp<std::int64_t>(y0, 0, grid_height - 1);
  return {x0, y0, std::clamp(x1, x0 + 1, grid_width) - x0, std::clamp(y1, y0 + 1, grid_height) - y0};
}

void cut(std::span<const std::int16_t> data, const std::array<std::int64_t, 3>& size, std::int64_t z,
         const Window2d& window, std::int16_t padding, std::vector<std::int16_t>& patch) {
  cut_any(data, size, z, window, padding, patch);
}

void cut(std::span<const std::uint8_t> data, const std::array<std::int64_t, 3>& size, std::int64_t z,
         const Window2d& window, std::uint8_t padding, std::vector<std::uint8_t>& patch) {
  cut_any(data, size, z, window, padding, patch);
}

double fraction_above(std::span<const std::int16_t> hu, double threshold_hu) {
  if (hu.empty()) return 0;
  const auto threshold = static_cast<std::int16_t>(std::clamp(std::floor(threshold_hu), -32768.0, 32767.0));
  std::int64_t above = 0;
  for (const std::int16_t value : hu) above += value > threshold ? 1 : 0;
  return static_cast<double>(above) / static_cast<double>(hu.size());
}

std::array<std::int64_t, 256> label_counts(std::span<const std::uint8_t> mask) {
  std::array<std::int64_t, 256> counts = {};
  for (const std::uint8_t value : mask) ++counts[value];
  return counts;
}

}  // namespace ctforge::io
