// Surface elements of marching cubes, by their normals.
#include "eval/surface_area.h"

#include <cmath>
#include <cstddef>

namespace ctforge::eval {
namespace {

// The elements of the codes 0 to 127; a code and its complement have the same. Each letter is an element, its area
// vector in units of an eighth of the voxel's faces: d (1,1,1) up to signs, x, y, z (4 along that axis), X, Y, Z (2
// along both other axes).
// clang-format off
constexpr std::array<const char*, 128> kElements = {
    "", "d", "d", "XX", "d", "YY", "dd", "dddz", "d", "dd", "YY", "dddz", "XX", "dddz", "dddz", "zz", "d", "ZZ",
    "dd", "dddy", "dd", "dddx", "ddd", "dddddd", "dd", "ZZd", "YYd", "YZdddd", "XXd", "XZdddd", "ddddz", "dddz", "d",
    "dd", "ZZ", "dddy", "dd", "YYd", "ZZd", "YZdddd", "dd", "ddd", "dddx", "dddddd", "XXd", "ddddz", "XZdddd",
    "dddz", "XX", "dddy", "dddy", "yy", "XXd", "XYdddd", "ddddy", "dddy", "XXd", "ddddy", "XYdddd", "dddy", "XXXX",
    "XXd", "XXd", "XX", "d", "dd", "dd", "XXd", "ZZ", "dddx", "ZZd", "XZdddd", "dd", "ddd", "YYd", "ddddz", "dddy",
    "dddddd", "YZdddd", "dddz", "YY", "dddx", "YYd", "XYdddd", "dddx", "xx", "ddddx", "dddx", "YYd", "ddddx", "YYYY",
    "YYd", "XYdddd", "dddx", "YYd", "YY", "dd", "ddd", "ZZd", "ddddy", "ZZd", "ddddx", "ZZZZ", "ZZd", "ddd", "dddd",
    "ddddx", "ddd", "ddddy", "ddd", "ZZd", "dd", "dddz", "dddddd", "YZdddd", "dddy", "XZdddd", "dddx", "ZZd", "ZZ",
    "ddddz", "ddd", "YYd", "dd", "XXd", "dd", "dd", "d"};
// clang-format on

}  // namespace

std::array<double, 256> surface_areas_mm2(const io::Vector3& spacing_mm) {
  const double x = spacing_mm[1] * spacing_mm[2] / 8, y = spacing_mm[0] * spacing_mm[2] / 8,
               z = spacing_mm[0] * spacing_mm[1] / 8;
  const auto area = [&](char element) {
    switch (element) {
      case 'x':
        return 4 * x;
      case 'y':
        return 4 * y;
      case 'z':
        return 4 * z;
      case 'X':
        return 2 * std::hypot(y, z);
      case 'Y':
        return 2 * std::hypot(x, z);
      case 'Z':
        return 2 * std::hypot(x, y);
      default:
        return std::hypot(x, y, z);
    }
  };
  std::array<double, 256> areas{};
  for (std::size_t code = 0; code < kElements.size(); ++code) {
    for (const char* element = kElements[code]; *element != 0; ++element) areas[code] += area(*element);
    areas[255 - code] = areas[code];
  }
  return areas;
}

}  // namespace ctforge::eval
