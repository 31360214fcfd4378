// What the tests of radiomics share: regions, and values by the features' names.
#pragma once

#include "eval/radiomics.h"
#include "tests/support/support.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::test {

// tests/oracle/NAME.json.
inline nlohmann::json oracle_file(const std::string& name) {
  return nlohmann::json::parse(read_file(source_dir() / "tests" / "oracle" / (name + ".json")));
}

using Named = std::map<std::string, double>;

inline Named named(const std::vector<std::string>& names, const std::vector<double>& values) {
  Named all;
  for (std::size_t i = 0; i < names.size(); ++i) all[names[i]] = values.at(i);
  return all;
}

// One slice, all of it inside, rows of equal length.
inline eval::Region slice_of(const std::vector<std::vector<double>>& rows) {
  eval::Region region;
  region.size = {1, std::ssize(rows), std::ssize(rows[0])};
  for (const auto& row : rows) region.value.insert(region.value.end(), row.begin(), row.end());
  region.inside.assign(region.value.size(), 1);
  return region;
}

// The image and mask of tests/oracle/make_radiomics.py.
inline eval::Region formula_region(std::int64_t depth) {
  eval::Region region;
  region.size = {depth, 14, 17};
  region.spacing_mm = {1.5, 2, 3};
  for (std::int64_t z = 0; z < depth; ++z)
    for (std::int64_t y = 0; y < 14; ++y)
      for (std::int64_t x = 0; x < 17; ++x) {
        const auto fx = static_cast<double>(x), fy = static_cast<double>(y), fz = static_cast<double>(z);
        region.value.push_back(
            std::nearbyint(300 * std::sin(fx / 3 + fz) * std::cos(fy / 4) + 40 * std::cos(fx * fy / 5) - 20));
        const double ex = (fx - 8) / 7, ey = (fy - 6) / 5;
        region.inside.push_back(ex * ex + ey * ey <= 1 && !(x > 9 && y > 6 && x + y < 18) ? 1 : 0);
      }
  return region;
}

}  // namespace ctforge::test
