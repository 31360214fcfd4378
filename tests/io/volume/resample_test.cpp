// Resampling equals SimpleITK where it refines and torch's anti-aliasing where it coarsens; labels are voted for.
#include "io/volume/resample.h"

#include "io/file/random.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <oneapi/tbb/task_arena.h>

namespace ctforge::io {
namespace {

using nlohmann::json;

json oracle(const char* part) {
  return json::parse(test::read_file(test::source_dir() / "tests/oracle/resample.json")).at(part);
}

// Rounding to whole HU, and float arithmetic on values up to 3071.
constexpr double kHalf = 0.501;

Geometry finer_geometry(const json& values) {
  Geometry geometry{values.at("size"), values.at("spacing_mm"), values.at("origin_mm"), {}};
  for (std::size_t i = 0; i < 9; ++i) geometry.direction[i / 3][i % 3] = values.at("direction")[i];
  return geometry;
}

TEST(Resample, GridCoversTheSameExtent) {
  const json values = oracle("finer");
  const Geometry grid = resampled_grid(finer_geometry(values), values.at("target_spacing_mm"));
  EXPECT_EQ(grid.size, values.at("target_size").get<decltype(grid.size)>());
  for (std::size_t axis = 0; axis < 3; ++axis)
    EXPECT_NEAR(grid.origin_mm[axis], values.at("target_origin_mm")[axis].get<double>(), 1e-9);
}

TEST(Resample, FinerEqualsSimpleItkLinear) {
  const json values = oracle("finer");
  const Volume volume{finer_geometry(values), values.at("hu")};
  const Volume result = resample(volume, resampled_grid(volume.geometry, values.at("target_spacing_mm")));
  const std::vector<double> expected = values.at("target_hu");
  ASSERT_EQ(result.hu.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(result.hu[i], expected[i], kHalf) << i;
}

TEST(Resample, FinerLabelsEqualSimpleItk) {
  const json values = oracle("finer");
  const LabelMap labels{finer_geometry(values), values.at("label")};
  const Geometry grid = resampled_grid(labels.geometry, values.at("target_spacing_mm"));
  EXPECT_EQ(resample(labels, grid, LabelFilter::Linear).label,
            values.at("target_label").get<std::vector<std::uint8_t>>());
  EXPECT_EQ(resample(labels, grid, LabelFilter::Nearest).label,
            values.at("target_nearest").get<std::vector<std::uint8_t>>());
}

TEST(Resample, CoarserEqualsTorchAntialiased) {
  const json values = oracle("coarser");
  Volume volume;
  volume.geometry.size = values.at("size");
  volume.hu = values.at("hu").get<std::vector<std::int16_t>>();
  const LabelMap labels{volume.geometry, values.at("label")};
  const Geometry grid = resampled_grid(volume.geometry, values.at("ratios"));
  EXPECT_EQ(grid.size, (std::array<std::int64_t, 3>{9, 4, 3}));
  const Volume result = resample(volume, grid);
  const LabelMap voted = resample(labels, grid, LabelFilter::Linear);
  const std::array<std::size_t, 3> compared = values.at("compared_size");
  std::size_t i = 0;
  for (std::size_t z = 0; z < compared[2]; ++z)
    for (std::size_t y = 0; y < compared[1]; ++y)
      for (std::size_t x = 0; x < compared[0]; ++x, ++i) {
        const std::size_t at = (z * 4 + y) * 9 + x;
        EXPECT_NEAR(result.hu[at], values.at("target_hu")[i].get<double>(), kHalf);
        if (values.at("label_is_clear")[i] == 1) {
          EXPECT_EQ(voted.label[at], values.at("target_label")[i].get<int>()) << i;
        }
      }
}

Volume random_volume(std::array<std::int64_t, 3> size, Vector3 spacing_mm) {
  Random random(3);
  Volume volume;
  volume.geometry.size = size;
  volume.geometry.spacing_mm = spacing_mm;
  for (std::int64_t i = 0; i < volume.geometry.voxels(); ++i)
    volume.hu.push_back(static_cast<std::int16_t>(random.uniform(-1024, 3072)));
  return volume;
}

TEST(Resample, SameGridIsTheSameVolume) {
  const Volume volume = random_volume({9, 7, 5}, {0.9, 0.9, 2.5});
  EXPECT_EQ(resample(volume, resampled_grid(volume.geometry, {0, 0, 0})).hu, volume.hu);
  EXPECT_EQ(resample(volume, resampled_grid(volume.geometry, {0.9, 0.9, 2.5})).hu, volume.hu);
}

TEST(Resample, ALinearRampStaysItselfAwayFromTheEdges) {
  Volume volume = random_volume({30, 20, 12}, {1, 1, 1});
  for (std::size_t i = 0; i < volume.hu.size(); ++i)
    volume.hu[i] = static_cast<std::int16_t>(100 * (i % 30) + 7 * (i / 30 % 20));
  const Volume result = resample(volume, resampled_grid(volume.geometry, {2.5, 1.7, 0.6}));
  const Geometry& grid = result.geometry;
  const std::size_t at = (4 * static_cast<std::size_t>(grid.size[1]) + 5) * static_cast<std::size_t>(grid.size[0]) + 6;
  // Target (6, 5): centres at (6.5 * 2.5 - 0.5, 5.5 * 1.7 - 0.5) = (15.75, 8.85); the coarsening kernel samples the
  // ramp symmetrically only where it has as many taps on both sides, so a ramp may shift by a fraction of a step.
  EXPECT_NEAR(result.hu[at], 100 * 15.75 + 7 * 8.85, 12);
}

TEST(Resample, APartHasTheValuesOfTheWhole) {
  const Volume volume = random_volume({40, 30, 20}, {0.9, 0.8, 2.5});
  const Geometry grid = resampled_grid(volume.geometry, {1, 1.3, 1});
  const Volume whole = resample(volume, grid);
  const Volume part = resample(volume, part_of_grid(grid, {5, 3, 11}, {20, 9, 30}));
  for (std::int64_t z = 0; z < 30; ++z)
    for (std::int64_t y = 0; y < 9; ++y)
      for (std::int64_t x = 0; x < 20; ++x)
        ASSERT_EQ(part.hu[static_cast<std::size_t>((z * 9 + y) * 20 + x)],
                  whole.hu[static_cast<std::size_t>(((z + 11) * grid.size[1] + y + 3) * grid.size[0] + x + 5)]);
  EXPECT_THROW(part_of_grid(grid, {5, 3, 11}, {20, 9, 300}), std::invalid_argument);
}

TEST(Resample, AnyNumberOfThreadsGivesTheSameBits) {
  const Volume volume = random_volume({50, 40, 60}, {0.7, 0.9, 2.5});
  const Geometry grid = resampled_grid(volume.geometry, {1, 1, 1});
  Volume one, four;
  tbb::task_arena(1).execute([&] { one = resample(volume, grid); });
  tbb::task_arena(4).execute([&] { four = resample(volume, grid); });
  EXPECT_EQ(one.hu, four.hu);
}

TEST(Resample, EqualVotesGoToTheLowerLabel) {
  LabelMap labels;
  labels.geometry.size = {4, 1, 1};
  labels.label = {3, 1, 0, 2};
  const LabelMap result = resample(labels, resampled_grid(labels.geometry, {2, 0, 0}), LabelFilter::Linear);
  // Kernel of support 2 at 0.5 over voxels 0..2 with weights 3:3:1, at 2.5 over 1..3 with 1:3:3.
  EXPECT_EQ(result.label, (std::vector<std::uint8_t>{1, 0}));
}

TEST(Resample, RefusesOtherAxesAndBadSpacings) {
  const Volume volume = random_volume({4, 4, 4}, {1, 1, 1});
  Geometry turned = volume.geometry;
  turned.direction = {{{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}};
  EXPECT_THROW(resample(volume, turned), std::invalid_argument);
  EXPECT_THROW(resampled_grid(volume.geometry, {-1, 1, 1}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
