// Marching tetrahedra (A. Doi and A. Koide, IEICE Trans. E74, 1991) over voxel centres, on Kuhn's division of the cube,
// which meets itself in neighbouring cells.
#include "io/volume/surface.h"

#include "io/file/atomic_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace ctforge::io {

namespace {

using Index = std::array<std::int64_t, 3>;

// From the cell's first corner to its last along one axis after another: six orders of the axes, six tetrahedra.
constexpr std::array<std::array<std::size_t, 3>, 6> kOrders = {
    {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}};

class Cutter {
 public:
  Cutter(const LabelMap& labels, std::uint8_t value) : labels_(labels), value_(value) {}

  std::vector<Triangle> surface() {
    const auto [low, high] = extent();
    Index cell{};
    // A layer of cells about the mask, which may reach to the volume's border.
    for (cell[2] = low[2] - 1; cell[2] <= high[2]; ++cell[2])
      for (cell[1] = low[1] - 1; cell[1] <= high[1]; ++cell[1])
        for (cell[0] = low[0] - 1; cell[0] <= high[0]; ++cell[0]) cut_cell(cell);
    return std::move(triangles_);
  }

 private:
  struct Corner {
    Index index;
    bool inside;
  };

  bool inside(const Index& index) const {
    const Index& size = labels_.geometry.size;
    for (std::size_t axis = 0; axis < 3; ++axis)
      if (index[axis] < 0 || index[axis] >= size[axis]) return false;
    return labels_.label[static_cast<std::size_t>((index[2] * size[1] + index[1]) * size[0] + index[0])] == value_;
  }

  // First and last voxel with the value along each axis; the last before the first where there is none.
  std::array<Index, 2> extent() const {
    const Index& size = labels_.geometry.size;
    Index low = size, high = {-2, -2, -2};
    Index index{};
    for (index[2] = 0; index[2] < size[2]; ++index[2])
      for (index[1] = 0; index[1] < size[1]; ++index[1])
        for (index[0] = 0; index[0] < size[0]; ++index[0]) {
          if (!inside(index)) continue;
          for (std::size_t axis = 0; axis < 3; ++axis) {
            low[axis] = std::min(low[axis], index[axis]);
            high[axis] = std::max(high[axis], index[axis]);
          }
        }
    return {low, high};
  }

  void cut_cell(const Index& cell) {
    int count = 0;
    for (int corner = 0; corner < 8; ++corner)
      count += inside({cell[0] + (corner & 1), cell[1] + (corner >> 1 & 1), cell[2] + (corner >> 2)}) ? 1 : 0;
    if (count == 0 || count == 8) return;
    for (const auto& order : kOrders) {
      std::array<Corner, 4> corners;
      Index at = cell;
      for (std::size_t i = 0; i < 4; ++i) {
        corners[i] = {at, inside(at)};
        if (i < 3) ++at[order[i]];
      }
      cut_tetrahedron(corners);
    }
  }

  void cut_tetrahedron(const std::array<Corner, 4>& corners) {
    std::vector<Index> in, out;
    for (const Corner& corner : corners) (corner.inside ? in : out).push_back(corner.index);
    if (in.empty() || out.empty()) return;
    // Crossings in the order of a walk around the cut.
    std::vector<Index> cut;
    if (in.size() == 2)
      cut = {twice_middle(in[0], out[0]), twice_middle(in[0], out[1]), twice_middle(in[1], out[1]),
             twice_middle(in[1], out[0])};
    else
      for (const Index& a : in)
        for (const Index& b : out) cut.push_back(twice_middle(a, b));
    for (std::size_t i = 2; i < cut.size(); ++i) add({cut[0], cut[i - 1], cut[i]}, in[0], out[0]);
  }

  static Index twice_middle(const Index& a, const Index& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }

  // corners: in half voxels. Turned so that the normal leads from inside to outside.
  void add(std::array<Index, 3> corners, const Index& in, const Index& out) {
    std::array<Vector3, 2> sides{};
    Vector3 outwards{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      for (std::size_t i = 0; i < 2; ++i) sides[i][axis] = static_cast<double>(corners[i + 1][axis] - corners[0][axis]);
      outwards[axis] = static_cast<double>(out[axis] - in[axis]);
    }
    if (dot(cross(sides[0], sides[1]), outwards) < 0) std::swap(corners[1], corners[2]);
    Triangle triangle{};
    for (std::size_t i = 0; i < 3; ++i) {
      Vector3 half{};
      for (std::size_t axis = 0; axis < 3; ++axis) half[axis] = 0.5 * static_cast<double>(corners[i][axis]);
      const Vector3 point = index_to_point_mm(labels_.geometry, half);
      for (std::size_t axis = 0; axis < 3; ++axis) triangle[i][axis] = static_cast<float>(point[axis]);
    }
    triangles_.push_back(triangle);
  }

  const LabelMap& labels_;
  std::uint8_t value_;
  std::vector<Triangle> triangles_;
};

void append(std::string& bytes, const void* value, std::size_t size) {
  static_assert(std::endian::native == std::endian::little);
  bytes.append(static_cast<const char*>(value), size);
}

std::array<float, 3> normal_of(const Triangle& triangle) {
  Vector3 sides[2];
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t axis = 0; axis < 3; ++axis)
      sides[i][axis] = static_cast<double>(triangle[i + 1][axis]) - static_cast<double>(triangle[0][axis]);
  const Vector3 normal = cross(sides[0], sides[1]);
  const double length = std::sqrt(dot(normal, normal));
  if (length == 0) return {};
  return {static_cast<float>(normal[0] / length), static_cast<float>(normal[1] / length),
          static_cast<float>(normal[2] / length)};
}

}  // namespace

std::vector<Triangle> mask_surface(const LabelMap& labels, std::uint8_t value) {
  if (!is_rotation(labels.geometry.direction)) throw std::invalid_argument("a surface needs orthogonal axes");
  if (labels.geometry.voxels() != static_cast<std::int64_t>(labels.label.size()))
    throw std::invalid_argument("the number of labelled voxels does not match the geometry");
  return Cutter(labels, value).surface();
}

void write_stl(const std::filesystem::path& path, const std::vector<Triangle>& surface, const std::string& title) {
  if (title.size() > 80 || title.starts_with("solid") || surface.size() > 0xffffffffU)
    throw std::invalid_argument("the surface or its title does not fit an STL file");
  std::string bytes = title + std::string(80 - title.size(), ' ');
  const auto count = static_cast<std::uint32_t>(surface.size());
  const std::uint16_t attributes = 0;
  append(bytes, &count, sizeof count);
  for (const Triangle& triangle : surface) {
    const auto normal = normal_of(triangle);
    append(bytes, &normal, sizeof normal);
    append(bytes, &triangle, sizeof triangle);
    append(bytes, &attributes, sizeof attributes);
  }
  write_atomically(path, bytes);
}

}  // namespace ctforge::io
