// Whole patients: the same bytes at any thread count, HU where the labels say, every region itself.
#include "io/phantom/phantom.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include <gtest/gtest.h>
#include <tbb/global_control.h>

namespace ctforge::io {
namespace {

PhantomOptions small() {
  PhantomOptions options;
  options.matrix = 64;
  options.slices = 16;
  options.slice_mm = 9;
  return options;
}

// Mean HU of each label away from its borders, where nothing else shines through.
std::map<std::string, double> mean_hu(const PhantomPatient& patient) {
  std::map<std::string, double> sum, count;
  const auto names = phantom_labels();
  const auto& size = patient.labels.geometry.size;
  const auto at = [&](std::int64_t x, std::int64_t y, std::int64_t z) {
    return static_cast<std::size_t>((z * size[1] + y) * size[0] + x);
  };
  const auto& label = patient.labels.label;
  for (std::int64_t z = 1; z + 1 < size[2]; ++z)
    for (std::int64_t y = 1; y + 1 < size[1]; ++y)
      for (std::int64_t x = 1; x + 1 < size[0]; ++x) {
        const std::uint8_t own = label[at(x, y, z)];
        bool inner = true;
        for (int step : {-1, 1})
          inner = inner && label[at(x + step, y, z)] == own && label[at(x, y + step, z)] == own &&
                  label[at(x, y, z + step)] == own;
        if (!inner) continue;
        sum[names[own]] += patient.volume.hu[at(x, y, z)];
        count[names[own]] += 1;
      }
  for (auto& [name, value] : sum) value /= count[name];
  return sum;
}

TEST(Phantom, DependsOnSeedAndPatientNotOnThreads) {
  PhantomOptions options = small();
  options.implant_probability = 1;
  const PhantomPatient many = make_phantom(options, PhantomRegion::Pelvis, 7, 3);
  {
    tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    const PhantomPatient single = make_phantom(options, PhantomRegion::Pelvis, 7, 3);
    EXPECT_EQ(single.volume.hu, many.volume.hu);
    EXPECT_EQ(single.labels.label, many.labels.label);
  }
  EXPECT_NE(make_phantom(options, PhantomRegion::Pelvis, 7, 4).volume.hu, many.volume.hu);
  EXPECT_NE(make_phantom(options, PhantomRegion::Pelvis, 8, 3).volume.hu, many.volume.hu);
}

TEST(Phantom, OrgansHaveTheirHu) {
  PhantomOptions options = small();
  options.contrast_probability = 0;
  options.implant_probability = 0;
  const auto thorax = mean_hu(make_phantom(options, PhantomRegion::Thorax, 1, 0));
  EXPECT_LT(thorax.at("lung"), -600);
  EXPECT_GT(thorax.at("heart"), -20);
  EXPECT_LT(thorax.at("heart"), 70);
  EXPECT_GT(thorax.at("bone"), 100);
  const auto abdomen = mean_hu(make_phantom(options, PhantomRegion::Abdomen, 1, 1));
  EXPECT_NEAR(abdomen.at("liver"), 58, 18);
  EXPECT_NEAR(abdomen.at("kidney"), 33, 20);
  const auto head = mean_hu(make_phantom(options, PhantomRegion::HeadNeck, 1, 2));
  EXPECT_NEAR(head.at("brain"), 33, 14);
  EXPECT_GT(head.at("mandible"), 300);
  EXPECT_LT(head.at("airway"), -600);
  const auto pelvis = mean_hu(make_phantom(options, PhantomRegion::Pelvis, 1, 3));
  EXPECT_NEAR(pelvis.at("bladder"), 10, 16);
}

TEST(Phantom, ImplantsReachTheTopOfTheScale) {
  PhantomOptions options = small();
  options.implant_probability = 1;
  const PhantomPatient patient = make_phantom(options, PhantomRegion::Pelvis, 2, 0);
  EXPECT_TRUE(patient.has_implant);
  EXPECT_EQ(*std::max_element(patient.volume.hu.begin(), patient.volume.hu.end()), 3071);
  EXPECT_GE(*std::min_element(patient.volume.hu.begin(), patient.volume.hu.end()), -1024);
}

TEST(Phantom, GeometryHoldsThePatientInLps) {
  PhantomOptions options = small();
  options.couch = false;
  options.noise_hu = 0;
  for (const PhantomRegion region : kPhantomRegions) {
    const PhantomPatient patient = make_phantom(options, region, 3, 0);
    const Geometry& geometry = patient.volume.geometry;
    EXPECT_TRUE(same_grid(geometry, patient.labels.geometry));
    EXPECT_TRUE(is_rotation(geometry.direction));
    EXPECT_EQ(geometry.spacing_mm[2], 9);
    // Air all round: the fitted field of view cuts nothing off at the sides.
    for (std::int64_t z = 0; z < geometry.size[2]; ++z)
      for (std::int64_t y = 0; y < geometry.size[1]; ++y)
        EXPECT_LT(patient.volume.hu[static_cast<std::size_t>((z * geometry.size[1] + y) * geometry.size[0])], -900);
  }
}

TEST(Phantom, NamesOfRegionsGoBothWays) {
  for (const PhantomRegion region : kPhantomRegions)
    EXPECT_EQ(phantom_region_from_name(phantom_region_name(region)), region);
  EXPECT_THROW(phantom_region_from_name("foot"), std::invalid_argument);
  EXPECT_EQ(phantom_labels().front(), "background");
}

TEST(Phantom, OptionsOutOfRangeAreRefused) {
  PhantomOptions options = small();
  options.slices = 0;
  EXPECT_THROW(make_phantom(options, PhantomRegion::Thorax, 1, 0), std::invalid_argument);
  options = small();
  options.slice_mm = -1;
  EXPECT_THROW(make_phantom(options, PhantomRegion::Thorax, 1, 0), std::invalid_argument);
  options = small();
  options.lesion_probability = 1.5;
  EXPECT_THROW(make_phantom(options, PhantomRegion::Thorax, 1, 0), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
