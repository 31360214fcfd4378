// Grey levels of a region within its bounding box.
#include "eval/radiomics_region.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ctforge::eval {
namespace {

struct Box {
  std::array<std::int64_t, 3> low, high;  // z, y, x; both within
};

Box bounding_box(const Region& region) {
  Box box{region.size, {-1, -1, -1}};
  std::size_t i = 0;
  for (std::int64_t z = 0; z < region.size[0]; ++z)
    for (std::int64_t y = 0; y < region.size[1]; ++y)
      for (std::int64_t x = 0; x < region.size[2]; ++x, ++i) {
        if (region.inside[i] == 0) continue;
        const std::array<std::int64_t, 3> at = {z, y, x};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          box.low[axis] = std::min(box.low[axis], at[axis]);
          box.high[axis] = std::max(box.high[axis], at[axis]);
        }
      }
  return box;
}

// The level of one value; edges of a given number of bins are those of numpy.linspace, to the last bit.
class Binning {
 public:
  Binning(const Region& region, const Discretisation& bins) : bins_(bins) {
    bool first = true;
    for (std::size_t i = 0; i < region.value.size(); ++i) {
      if (region.inside[i] == 0) continue;
      if (!std::isfinite(region.value[i])) throw std::invalid_argument("a region's values must be finite");
      low_ = first ? region.value[i] : std::min(low_, region.value[i]);
      high_ = first ? region.value[i] : std::max(high_, region.value[i]);
      first = false;
    }
    step_ = bins.bin_count > 0 ? (high_ - low_) / static_cast<double>(bins.bin_count) : bins.bin_width;
    origin_ = std::floor(low_ / bins.bin_width);
  }

  std::int32_t level(double value) const {
    if (bins_.bin_count == 0) return static_cast<std::int32_t>(std::floor(value / bins_.bin_width) - origin_) + 1;
    if (!(step_ > 0)) return 1;
    const std::int64_t last = bins_.bin_count - 1;
    auto bin = std::clamp(static_cast<std::int64_t>((value - low_) / step_), std::int64_t{0}, last);
    while (bin > 0 && value < edge(bin)) --bin;
    while (bin < last && value >= edge(bin + 1)) ++bin;
    return static_cast<std::int32_t>(bin) + 1;
  }

 private:
  double edge(std::int64_t index) const { return static_cast<double>(index) * step_ + low_; }

  Discretisation bins_;
  double low_ = 0, high_ = 0, step_ = 0, origin_ = 0;
};

std::vector<std::array<int, 3>> half_of_directions(bool in_plane) {
  std::vector<std::array<int, 3>> directions;
  for (int z = in_plane ? 0 : -1; z <= (in_plane ? 0 : 1); ++z)
    for (int y = -1; y <= 1; ++y)
      for (int x = -1; x <= 1; ++x)
        if (z > 0 || (z == 0 && (y > 0 || (y == 0 && x > 0)))) directions.push_back({z, y, x});
  return directions;
}

// Fills present, counts and rank from the levels.
void rank_levels(LevelGrid& grid) {
  std::int32_t highest = 0;
  for (const std::int64_t voxel : grid.voxels) highest = std::max(highest, grid.level[static_cast<std::size_t>(voxel)]);
  std::vector<std::int64_t> histogram(static_cast<std::size_t>(highest) + 1, 0);
  for (const std::int64_t voxel : grid.voxels)
    ++histogram[static_cast<std::size_t>(grid.level[static_cast<std::size_t>(voxel)])];
  std::vector<std::int32_t> ranks(histogram.size(), -1);
  for (std::size_t level = 1; level < histogram.size(); ++level) {
    if (histogram[level] == 0) continue;
    ranks[level] = static_cast<std::int32_t>(grid.present.size());
    grid.present.push_back(static_cast<std::int32_t>(level));
    grid.counts.push_back(histogram[level]);
  }
  grid.rank.resize(grid.level.size());
  std::transform(grid.level.begin(), grid.level.end(), grid.rank.begin(),
                 [&ranks](std::int32_t level) { return ranks[static_cast<std::size_t>(level)]; });
}

}  // namespace

void require_region(const Region& region) {
  const auto count = static_cast<std::size_t>(region.size[0] * region.size[1] * region.size[2]);
  if (region.value.size() != count || region.inside.size() != count)
    throw std::invalid_argument("a region's values and mask must be as many as its size says");
  if (std::all_of(region.inside.begin(), region.inside.end(), [](std::uint8_t inside) { return inside == 0; }))
    throw std::invalid_argument("a region without a voxel has no features");
}

LevelGrid discretised(const Region& region, const Discretisation& bins) {
  require_region(region);
  if (!(bins.bin_width > 0) || bins.bin_count < 0) throw std::invalid_argument("bins need a positive width");
  const Box box = bounding_box(region);
  const Binning binning(region, bins);
  const std::int64_t border = region.size[0] > 1 ? 1 : 0;  // along z
  LevelGrid grid;
  grid.size = {box.high[0] - box.low[0] + 1 + 2 * border, box.high[1] - box.low[1] + 3, box.high[2] - box.low[2] + 3};
  grid.level.assign(static_cast<std::size_t>(grid.size[0] * grid.size[1] * grid.size[2]), 0);
  for (std::int64_t z = box.low[0]; z <= box.high[0]; ++z)
    for (std::int64_t y = box.low[1]; y <= box.high[1]; ++y)
      for (std::int64_t x = box.low[2]; x <= box.high[2]; ++x) {
        const auto from = static_cast<std::size_t>((z * region.size[1] + y) * region.size[2] + x);
        if (region.inside[from] == 0) continue;
        const std::int64_t to =
            ((z - box.low[0] + border) * grid.size[1] + y - box.low[1] + 1) * grid.size[2] + x - box.low[2] + 1;
        grid.level[static_cast<std::size_t>(to)] = binning.level(region.value[from]);
        grid.voxels.push_back(to);
      }
  rank_levels(grid);
  grid.directions = half_of_directions(region.size[0] == 1);
  return grid;
}

}  // namespace ctforge::eval
