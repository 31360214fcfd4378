// Triangles of each cube of eight voxel centres.
#include "eval/marching_cubes.h"

#include <cmath>
#include <cstddef>
#include <string_view>

namespace ctforge::eval {
namespace {

using Vector = std::array<double, 3>;  // z, y, x

// Corner 0 to 7 of a cube and the middles of its edges 0 to 11.
constexpr std::array<std::array<int, 3>, 8> kCorners = {
    {{0, 0, 0}, {0, 0, 1}, {0, 1, 1}, {0, 1, 0}, {1, 0, 0}, {1, 0, 1}, {1, 1, 1}, {1, 1, 0}}};
constexpr std::array<std::array<std::size_t, 2>, 12> kEdges = {
    {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {4, 5}, {5, 6}, {6, 7}, {7, 4}, {0, 4}, {1, 5}, {2, 6}, {3, 7}}};

// Edges whose middles are the corners of the triangles, three each, for corners inside by bits 0 to 6; bit 7 is
// outside.
// clang-format off
constexpr std::array<std::string_view, 128> kTriangles = {
    "", "083", "190", "183198", "12a", "08312a", "92a029", "2832a8a98", "b23", "b2008b", "190b23", "b2119b98b",
    "3a1ba3", "a1008a8ba", "9033b9ba9", "98aba8", "478", "043473", "190478", "194147173", "12a478", "34730412a",
    "92a902478", "2a9297273479", "478b23", "b47b24204", "190478b23", "47b94bb29192", "3a1ba3478", "ba114b10447b",
    "4789033b9ba9", "47b4b99ba", "954", "954083", "054015", "854835315", "12a954", "08312a954", "2a5542240",
    "2a5325354834", "954b23", "b2008b954", "054015b23", "215258b28548", "3a1ba3954", "549a1008a8ba", "54050ba5bb03",
    "548a58ba8", "789579", "309539357", "780017715", "157173", "78957912a", "12a309395357", "0288258572a5",
    "2a5253357", "579789b23", "579972209b27", "b23018178157", "21b17b157", "7895793a1ba3", "5705097b0a10ba0",
    "ba003ba50078570", "ba557b", "65a", "08365a", "19065a", "18319865a", "165126", "165126083", "965906026",
    "598582526832", "b2365a", "b2008b65a", "190b2365a", "b2119b98b65a", "63b653513", "08b0b50515b6", "63b036065059",
    "65969bb98", "47865a", "04347365a", "19047865a", "19414717365a", "478165126", "043473165126", "478965906026",
    "739479329596269", "b2347865a", "b47b2420465a", "190b2347865a", "47b94bb2919265a", "47863b653513",
    "51b5b610b47b04b", "47863b036065059", "65969b4797b9", "a4964a", "a4964a083", "01aa60640", "18316886461a",
    "149124264", "149124264083", "024426", "832824426", "b23a4964a", "b2008ba4964a", "b2301aa60640",
    "64161a148b2118b", "964369139b63", "18b081b61149641", "63b036640", "86468b", "67a78a89a", "67a0a709a073",
    "67a1a7178018", "67a1a7173", "126168189678", "269129679309739", "078706602", "273267", "b2367a78a89a",
    "207b2709767a9a7", "67a1a7178018b23", "b2117ba61167", "896678169b63136", "09167b", "07870603bb60", "67b"};
// clang-format on

constexpr std::size_t edge_of(char digit) {
  return static_cast<std::size_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - b[1] * a[2], a[2] * b[0] - b[2] * a[0], a[0] * b[1] - b[0] * a[1]};
}

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

class Marcher {
 public:
  explicit Marcher(const Region& region)
      : region_(region), spacing_{region.spacing_mm[2], region.spacing_mm[1], region.spacing_mm[0]} {}

  CubeMesh mesh() {
    std::array<std::int64_t, 3> at{};
    for (at[0] = -1; at[0] < region_.size[0]; ++at[0])
      for (at[1] = -1; at[1] < region_.size[1]; ++at[1])
        for (at[2] = -1; at[2] < region_.size[2]; ++at[2]) add_cube(at);
    mesh_.volume_mm3 /= 6;
    return std::move(mesh_);
  }

 private:
  bool inside(const std::array<std::int64_t, 3>& at, const std::array<int, 3>& corner) const {
    std::array<std::int64_t, 3> voxel{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      voxel[axis] = at[axis] + corner[axis];
      if (voxel[axis] < 0 || voxel[axis] >= region_.size[axis]) return false;
    }
    return region_.inside[static_cast<std::size_t>((voxel[0] * region_.size[1] + voxel[1]) * region_.size[2] +
                                                   voxel[2])] != 0;
  }

  Vector middle_mm(const std::array<std::int64_t, 3>& at, std::size_t edge) const {
    Vector point{};
    for (std::size_t axis = 0; axis < 3; ++axis)
      point[axis] =
          (static_cast<double>(at[axis]) + 0.5 * (kCorners[kEdges[edge][0]][axis] + kCorners[kEdges[edge][1]][axis])) *
          spacing_[axis];
    return point;
  }

  void add_cube(const std::array<std::int64_t, 3>& at) {
    unsigned code = 0;
    for (std::size_t corner = 0; corner < 8; ++corner) code |= inside(at, kCorners[corner]) ? 1U << corner : 0U;
    const double sign = (code & 128U) != 0 ? -1 : 1;
    if (sign < 0) code ^= 255U;
    if (code == 0) return;
    // Edges 6, 7 and 11 meet in corner 7, which is outside now: each edge of the grid is one of them in one cube.
    constexpr std::array<std::array<std::size_t, 2>, 3> kOwn = {{{6, 6}, {7, 4}, {11, 3}}};
    for (const auto& [edge, corner] : kOwn) {
      if ((code >> corner & 1U) == 0) continue;
      std::array<std::int64_t, 3> half{};
      for (std::size_t axis = 0; axis < 3; ++axis)
        half[axis] = 2 * at[axis] + kCorners[kEdges[edge][0]][axis] + kCorners[kEdges[edge][1]][axis];
      mesh_.corners.push_back(half);
    }
    const std::string_view triangles = kTriangles[code];
    for (std::size_t t = 0; t < triangles.size(); t += 3) {
      const Vector a = middle_mm(at, edge_of(triangles[t])), b = middle_mm(at, edge_of(triangles[t + 1])),
                   c = middle_mm(at, edge_of(triangles[t + 2]));
      mesh_.volume_mm3 += sign * dot(cross(a, b), c);
      const Vector normal = cross({a[0] - c[0], a[1] - c[1], a[2] - c[2]}, {b[0] - c[0], b[1] - c[1], b[2] - c[2]});
      mesh_.area_mm2 += std::sqrt(dot(normal, normal)) / 2;
    }
  }

  const Region& region_;
  Vector spacing_;
  CubeMesh mesh_;
};

}  // namespace

CubeMesh marching_cubes(const Region& region) {
  require_region(region);
  return Marcher(region).mesh();
}

}  // namespace ctforge::eval
