// A small volume cut into patches and put together again.
#include "eval/patch_volume.h"

#include "io/file/fault.h"
#include "tests/eval/support.h"

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

// Two windows of 2 x 2 side by side on slices 4, 6 and 10, given in a muddled order; each has values of its own.
struct Cut {
  PatchSet set;
  torch::Tensor values;
};

Cut cut(double x_mm, double z_mm) {
  Cut result;
  result.values = torch::arange(1, 6 * 4 + 1, torch::kUInt8).view({6, 2, 2});
  result.set = test::patch_set(torch::zeros({6, 2, 2}, torch::kInt16), torch::zeros({6, 2, 2}, torch::kUInt8),
                               {0, 0, 0, 0, 0, 0});
  const std::vector<std::pair<int, int>> places = {{6, 1}, {4, 0}, {4, 1}, {10, 0}, {6, 0}, {10, 1}};  // slice, window
  for (std::size_t i = 0; i < places.size(); ++i) {
    result.set.place[i].slice = places[i].first;
    result.set.place[i].corner = {5 + 2 * places[i].second, -1};
    result.set.place[i].voxel_mm = {static_cast<float>(x_mm), 2, static_cast<float>(z_mm)};
    // An oblique series: positions wander along all axes from slice to slice.
    const auto slice = static_cast<float>(places[i].first);
    result.set.place[i].position_mm = {9 * slice, 7 * slice, -3 * slice};
  }
  return result;
}

const Indices kAllSix = {0, 1, 2, 3, 4, 5};

TEST(PatchVolume, PutsWindowsSideBySideAndSlicesAtTheirStride) {
  const Cut own = cut(1, 3);
  const PatchVolume volume = volume_of(own.set, kAllSix);
  EXPECT_EQ(volume.size, (std::array<std::int64_t, 3>{4, 2, 4}));  // slices 4, 6, 8 (without patches) and 10
  EXPECT_DOUBLE_EQ(volume.spacing_mm[0], 1);
  EXPECT_DOUBLE_EQ(volume.spacing_mm[1], 2);
  EXPECT_DOUBLE_EQ(volume.spacing_mm[2], 6);  // every second slice of 3 mm
  const auto whole = assembled(volume, own.values);
  const std::vector<std::uint8_t> expected = {5,  6,  9, 10, 7,  8,  11, 12,  // slice 4: patches 1 and 2
                                              17, 18, 1, 2,  19, 20, 3,  4,   // slice 6: patches 4 and 0
                                              0,  0,  0, 0,  0,  0,  0,  0,  13, 14, 21, 22, 15, 16, 23, 24};
  EXPECT_EQ(whole, expected);
}

TEST(PatchVolume, TakesTheSeriesOwnSpacing) {
  const PatchVolume volume = volume_of(cut(1.25, 2.5).set, kAllSix);  // the set says 1 and 3 mm
  EXPECT_DOUBLE_EQ(volume.spacing_mm[0], 1.25);
  EXPECT_DOUBLE_EQ(volume.spacing_mm[2], 5);
  const PatchVolume one = volume_of(cut(1.25, 2.5).set, {1, 2});
  EXPECT_EQ(one.size, (std::array<std::int64_t, 3>{1, 2, 4}));
  EXPECT_DOUBLE_EQ(one.spacing_mm[2], 2.5);
}

TEST(PatchVolume, WindowsMayOverlapOrLieApart) {
  Cut own = cut(1, 3);
  own.set.place[2].corner[0] = 6;  // one column of slice 4 is in both windows
  own.set.place[4].corner[0] = 2;
  const PatchVolume volume = volume_of(own.set, {1, 2, 4});
  EXPECT_EQ(volume.size, (std::array<std::int64_t, 3>{2, 2, 6}));
  const std::vector<std::uint8_t> expected = {0,  0,  0, 5, 9, 10, 0,  0,  0, 7, 11, 12,
                                              17, 18, 0, 0, 0, 0,  19, 20, 0, 0, 0,  0};
  EXPECT_EQ(assembled(volume, own.values.index_select(0, torch::tensor({1, 2, 4}))), expected);
}

TEST(PatchVolume, RefusesPatchesInOnePlaceAndOtherShapes) {
  Cut own = cut(1, 3);
  own.set.place[1].slice = 6;
  EXPECT_THROW(volume_of(own.set, kAllSix), io::DataError);
  own = cut(1, 3);
  own.set.place[3].voxel_mm[0] = 1.01F;
  EXPECT_THROW(volume_of(own.set, kAllSix), io::DataError);
  EXPECT_THROW(volume_of(own.set, {}), std::invalid_argument);
  const PatchVolume volume = volume_of(cut(1, 3).set, kAllSix);
  EXPECT_THROW(assembled(volume, torch::zeros({5, 2, 2}, torch::kUInt8)), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
