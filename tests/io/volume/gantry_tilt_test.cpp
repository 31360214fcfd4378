// Analytic bodies sampled on tilted slices come out upright: a ramp to the HU, a sphere in its place.
#include "io/volume/gantry_tilt.h"

#include "io/volume/load.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

// 40 x 50 pixels of 0.8 x 0.6 mm, 12 slices 2 mm apart along their normal, each displaced as told.
Geometry tilted_slices() {
  Geometry geometry;
  geometry.size = {40, 50, 12};
  geometry.spacing_mm = {0.8, 0.6, 2};
  geometry.origin_mm = {-15, 20, -30};
  const double c = std::cos(0.3), s = std::sin(0.3);
  geometry.direction = {{{1, 0, 0}, {0, c, s}, {0, -s, c}}};
  return geometry;
}

// Where pixel x, y of a displaced slice z lies.
Vector3 point_of(const Geometry& stored, const GantryTilt& tilt, double x, double y, double z) {
  return index_to_point_mm(stored, {x + tilt.step_px[0] * z, y + tilt.step_px[1] * z, z});
}

template <class Function>
std::vector<std::int16_t> sample(const Geometry& stored, const GantryTilt& tilt, const Function& hu) {
  std::vector<std::int16_t> values;
  for (std::int64_t z = 0; z < stored.size[2]; ++z)
    for (std::int64_t y = 0; y < stored.size[1]; ++y)
      for (std::int64_t x = 0; x < stored.size[0]; ++x)
        values.push_back(static_cast<std::int16_t>(std::lround(
            hu(point_of(stored, tilt, static_cast<double>(x), static_cast<double>(y), static_cast<double>(z))))));
  return values;
}

TEST(GantryTilt, ARampStaysARampAndAirSurroundsIt) {
  const Geometry stored = tilted_slices();
  const auto ramp = [](const Vector3& p) { return 7 * p[0] - 5 * p[1] + 3 * p[2]; };
  for (const std::array<double, 2> step : {std::array{0.0, 0.9}, std::array{-0.4, -1.25}, std::array{2.0, 0.0}}) {
    const GantryTilt tilt{{40, 50}, step};
    const Geometry upright = upright_geometry(stored, tilt);
    const auto hu = make_upright(sample(stored, tilt, ramp), tilt, upright.size);
    EXPECT_EQ(upright.size[0], 40 + static_cast<std::int64_t>(std::ceil(std::abs(step[0]) * 11)));
    std::int64_t inside = 0, air = 0;
    for (std::int64_t z = 0, at = 0; z < upright.size[2]; ++z)
      for (std::int64_t y = 0; y < upright.size[1]; ++y)
        for (std::int64_t x = 0; x < upright.size[0]; ++x, ++at) {
          const Vector3 point =
              index_to_point_mm(upright, {static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)});
          const Vector3 index = point_to_index(stored, point);
          const double px = index[0] - step[0] * static_cast<double>(z),
                       py = index[1] - step[1] * static_cast<double>(z);
          const int value = hu[static_cast<std::size_t>(at)];
          if (px >= 0 && px <= 39 && py >= 0 && py <= 49) {
            ASSERT_NEAR(value, ramp(point), 1.01) << x << ' ' << y << ' ' << z;  // rounded twice
            ++inside;
          } else if (px <= -1 || px >= 40 || py <= -1 || py >= 50) {
            ASSERT_EQ(value, -1024);
            ++air;
          }
        }
    EXPECT_GT(inside, 11 * 39 * 49);
    EXPECT_GT(air, 0);
  }
}

TEST(GantryTilt, ASphereKeepsItsPlace) {
  const Geometry stored = tilted_slices();
  const GantryTilt tilt{{40, 50}, {0, 0.9}};
  const Vector3 centre = point_of(stored, tilt, 19.5, 24.5, 5.5);
  const auto distance = [&](const Vector3& p) {
    return std::hypot(p[0] - centre[0], p[1] - centre[1], p[2] - centre[2]);
  };
  const auto smooth = [&](const Vector3& p) { return 1000 / (1 + std::exp(distance(p) - 8)) - 1000; };
  const Geometry upright = upright_geometry(stored, tilt);
  const auto hu = make_upright(sample(stored, tilt, smooth), tilt, upright.size);
  Vector3 sum = {0, 0, 0};
  double weight = 0;
  for (std::int64_t z = 0, at = 0; z < upright.size[2]; ++z)
    for (std::int64_t y = 0; y < upright.size[1]; ++y)
      for (std::int64_t x = 0; x < upright.size[0]; ++x, ++at) {
        const double value = std::max(0, hu[static_cast<std::size_t>(at)] + 1000);
        const Vector3 p =
            index_to_point_mm(upright, {static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)});
        for (std::size_t axis = 0; axis < 3; ++axis) sum[axis] += value * p[axis];
        weight += value;
      }
  for (std::size_t axis = 0; axis < 3; ++axis) EXPECT_NEAR(sum[axis] / weight, centre[axis], 0.1) << axis;
}

TEST(GantryTilt, VoxelsOfAnotherNumberAreRefused) {
  EXPECT_THROW(make_upright(std::vector<std::int16_t>(7), {{2, 2}, {0, 1}}, {2, 3, 2}), std::invalid_argument);
}

// Slices of a scanner tilted by 14.04 degrees: they advance along the table, 0.25 mm to the back for each mm upwards.
TEST(GantryTilt, ATiltedSeriesIsLoadedUpright) {
  test::TemporaryFolder folder;
  test::write_sample_series(folder.path(), 5, [](DcmDataset& data, std::size_t slice) {
    const double z = 2.5 * static_cast<double>(slice);
    data.putAndInsertString(DCM_ImagePositionPatient,
                            ("-10\\" + std::to_string(-20 + z * 0.3) + "\\" + std::to_string(z)).c_str());
    std::vector<Uint16> pixels;
    for (int y = 0; y < test::kSampleRows; ++y)
      for (int x = 0; x < test::kSampleColumns; ++x)
        pixels.push_back(static_cast<Uint16>(std::lround(1000 + 10 * (0.75 * y + 0.3 * z))));  // 10 HU each mm in y
    data.putAndInsertUint16Array(DCM_PixelData, pixels.data(), static_cast<unsigned long>(pixels.size()));
    data.putAndInsertString(DCM_GantryDetectorTilt, "-3");  // wrong, and not looked at
  });
  ScanOptions options;
  options.path = folder.path();
  const Series series = scan(options).series.at(0);
  ASSERT_TRUE(series.accepted());
  ASSERT_TRUE(series.tilt);
  EXPECT_NEAR(series.tilt->step_px[1], 1, 1e-6);
  EXPECT_EQ(series.geometry.size, (std::array<std::int64_t, 3>{6, 8, 5}));
  const Volume volume = load_volume(series);
  for (std::size_t slice = 0; slice < 5; ++slice)
    for (std::size_t y = 0; y < 8; ++y) {
      const int hu = volume.hu[(slice * 8 + y) * 6 + 3];
      if (y < slice || y > slice + 3)
        EXPECT_LE(hu, -1020);  // the positions are rounded
      else
        EXPECT_NEAR(hu, -24 + 7.5 * static_cast<double>(y), 1);
    }
}

TEST(GantryTilt, ARealTiltedSeries) {
  const auto data = test::real_data("dicom2nifti_irregular");
  if (!data) GTEST_SKIP() << test::kNoRealData;
  ScanOptions options;
  options.path = *data / "gantrytilting";
  const Series series = scan(options).series.at(0);
  ASSERT_TRUE(series.tilt);
  // Position advances by 5 mm along z, the slices' rows point 14 degrees upwards.
  EXPECT_NEAR(series.geometry.spacing_mm[2], 5 * 0.970295726276, 1e-6);
  EXPECT_NEAR(std::abs(series.tilt->step_px[1]), 5 * 0.2419218955997 / 0.41796875, 1e-6);
  EXPECT_NE(series.notes.front().find("tilt of 14.0 degrees"), std::string::npos) << series.notes.front();
}

}  // namespace
}  // namespace ctforge::io
