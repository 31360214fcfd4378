// All features against the IBSI's consensus on its digital phantom and against PyRadiomics.
#include "eval/radiomics.h"

#include "tests/eval/radiomics_support.h"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

// The phantom, or one slice of it.
Region phantom(const nlohmann::json& oracle, std::int64_t first, std::int64_t depth) {
  Region region;
  region.size = {depth, 4, 5};
  region.spacing_mm = oracle.at("spacing_mm").get<io::Vector3>();
  for (std::int64_t z = first; z < first + depth; ++z)
    for (std::size_t y = 0; y < 4; ++y)
      for (std::size_t x = 0; x < 5; ++x) {
        region.value.push_back(oracle.at("levels")[static_cast<std::size_t>(z)][y][x]);
        region.inside.push_back(oracle.at("mask")[static_cast<std::size_t>(z)][y][x]);
      }
  return region;
}

void expect_consensus(const test::Named& found, const nlohmann::json& expected) {
  for (const auto& [name, value] : expected.items())
    EXPECT_NEAR(found.at(name), value[0].get<double>(), value[1].get<double>()) << name;
}

TEST(Radiomics, AgreesWithTheIbsiOnItsPhantomInSpace) {
  const auto oracle = test::oracle_file("ibsi_phantom");
  const Region region = phantom(oracle, 0, 4);
  test::Named found = test::named(radiomic_names(), radiomics(region, {1, 0}));
  found.merge(test::named(shape_3d_names(), shape_3d(region)));
  for (const char* axis : {"Major", "Minor", "Least"})  // the IBSI's covariance is of a sample: 74 voxels less one
    found.at(std::string("shape_") + axis + "AxisLength") *= std::sqrt(74.0 / 73);
  expect_consensus(found, oracle.at("values").at("3D"));
  // A fixed number of bins leaves the phantom as it is, too.
  for (const auto& [name, value] : test::named(radiomic_names(), radiomics(region, {1, 6})))
    EXPECT_DOUBLE_EQ(value, found.at(name)) << name;
}

TEST(Radiomics, AgreesWithTheIbsiSliceBySlice) {
  const auto oracle = test::oracle_file("ibsi_phantom");
  test::Named mean;
  for (std::int64_t z = 0; z < 4; ++z)
    for (const auto& [name, value] : test::named(radiomic_names(), radiomics(phantom(oracle, z, 1), {1, 0})))
      mean[name] += value / 4;
  expect_consensus(mean, oracle.at("values").at("2D"));
}

void expect_pyradiomics(const Region& region, const Discretisation& bins, const nlohmann::json& expected) {
  test::Named found = test::named(radiomic_names(), radiomics(region, bins));
  found.merge(region.size[0] == 1 ? test::named(shape_2d_names(), shape_2d(region))
                                  : test::named(shape_3d_names(), shape_3d(region)));
  found.at("firstorder_Kurtosis") += 3;  // the IBSI's is the excess
  EXPECT_EQ(found.size(), expected.size());
  for (const auto& [name, value] : expected.items())
    EXPECT_NEAR(found.at(name) / value.get<double>(), 1, 1e-8) << name << " " << value;
}

TEST(Radiomics, AgreesWithPyRadiomics) {
  const auto oracle = test::oracle_file("radiomics");
  expect_pyradiomics(test::formula_region(1), {25, 0}, oracle.at("slice_width_25"));
  expect_pyradiomics(test::formula_region(1), {25, 16}, oracle.at("slice_count_16"));
  expect_pyradiomics(test::formula_region(4), {40, 0}, oracle.at("volume_width_40"));
}

TEST(Radiomics, OfAFlatRegionAndOfOneVoxelAreFinite) {
  for (const Region& region : {test::slice_of({{7, 7, 7}, {7, 7, 7}}), test::slice_of({{-1024}})})
    for (const double value : radiomics(region, {})) EXPECT_TRUE(std::isfinite(value));
  EXPECT_EQ(radiomic_names().size(), 93u);
}

TEST(Radiomics, NeedARegion) {
  Region region = test::slice_of({{1, 2}, {3, 4}});
  region.inside.assign(4, 0);
  EXPECT_THROW(radiomics(region, {}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
