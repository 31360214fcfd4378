// One patient from seed to volume: build, scene, placement in the scanner, rasterising and the imaging chain.
#include "io/phantom/phantom.h"

#include "io/phantom/phantom_frame.h"
#include "io/phantom/phantom_noise.h"
#include "io/phantom/phantom_projection.h"
#include "io/phantom/phantom_raster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include <tbb/parallel_for.h>

namespace ctforge::io {

namespace {

using phantom::Build;
using phantom::Raster;

constexpr std::uint64_t kPatientStream = 0x5048414e, kPlaceStream = 31, kTissueStream = 32, kNoiseStream = 33,
                        kMetalStream = 34;
constexpr double kPsfTap = 0.1;     // of a three-tap in-plane point spread function
constexpr double kSliceTap = 0.08;  // of a three-tap slice sensitivity profile
constexpr std::array<std::string_view, 4> kNames = {"head_neck", "thorax", "abdomen", "pelvis"};
// Middle of each region, and how far it varies, mm above the promontory in the reference adult.
constexpr std::array<double, 4> kMiddle = {588, 335, 155, -58}, kWander = {12, 12, 12, 10};
// Heads are scanned at a higher dose: brain needs lower noise.
constexpr std::array<double, 4> kRegionNoise = {0.5, 1, 1, 1};

void check(const PhantomOptions& o) {
  const auto probability = [](double p) { return p >= 0 && p <= 1; };
  if (o.matrix < 8 || o.matrix > 4096 || o.slices < 1 || o.slices > 4096)
    throw std::invalid_argument("phantom size out of range");
  if (!(o.pixel_mm >= 0 && o.pixel_mm <= 100) || !(o.slice_mm > 0 && o.slice_mm <= 100))
    throw std::invalid_argument("phantom spacing out of range");
  if (!(o.noise_hu >= 0 && o.noise_hu <= 1000)) throw std::invalid_argument("phantom noise out of range");
  if (!probability(o.lesion_probability) || !probability(o.implant_probability) || !probability(o.contrast_probability))
    throw std::invalid_argument("a probability lies between 0 and 1");
}

struct Extent {
  double half_width = 0, front = 0, back = 0;
};

// What the field of view has to hold, in anatomy coordinates.
Extent extent_of(const phantom::Shape& skin, double z_low, double z_high) {
  Extent extent{0, 1e9, -1e9};
  for (int level = 0; level <= 6; ++level)
    for (double y = -200; y <= 200; y += 4)
      for (double x = -280; x <= 280; x += 4)
        if (skin.distance_mm({x, y, z_low + (z_high - z_low) * level / 6}) < 0) {
          extent.half_width = std::max(extent.half_width, std::abs(x));
          extent.front = std::min(extent.front, y);
          extent.back = std::max(extent.back, y);
        }
  if (extent.half_width == 0) return {150, -100, 100};  // a window beyond the body
  return extent;
}

Geometry make_geometry(const PhantomOptions& o, double pixel_mm, double y_middle) {
  Geometry g;
  g.size = {o.matrix, o.matrix, o.slices};
  g.spacing_mm = {pixel_mm, pixel_mm, o.slice_mm};
  const double half = 0.5 * pixel_mm * static_cast<double>(o.matrix - 1);
  g.origin_mm = {-half, y_middle - half, -0.5 * o.slice_mm * static_cast<double>(o.slices - 1)};
  return g;
}

// One slice more at each end, for the slice sensitivity profile.
Geometry padded(Geometry g) {
  g.size[2] += 2;
  g.origin_mm[2] -= g.spacing_mm[2];
  return g;
}

// In-plane blur of slice z of [.,n,n] HU: separable, edges repeated.
std::vector<float> blurred(const float* in, std::int64_t n) {
  std::vector<float> rows(static_cast<std::size_t>(n * n)), out(rows.size());
  const auto tap = static_cast<float>(kPsfTap);
  for (std::int64_t y = 0; y < n; ++y)
    for (std::int64_t x = 0; x < n; ++x)
      rows[static_cast<std::size_t>(y * n + x)] =
          (1 - 2 * tap) * in[y * n + x] +
          tap * (in[y * n + std::max<std::int64_t>(x - 1, 0)] + in[y * n + std::min(x + 1, n - 1)]);
  for (std::int64_t y = 0; y < n; ++y)
    for (std::int64_t x = 0; x < n; ++x)
      out[static_cast<std::size_t>(y * n + x)] =
          (1 - 2 * tap) * rows[static_cast<std::size_t>(y * n + x)] +
          tap * (rows[static_cast<std::size_t>(std::max<std::int64_t>(y - 1, 0) * n + x)] +
                 rows[static_cast<std::size_t>(std::min(y + 1, n - 1) * n + x)]);
  return out;
}

// The imaging chain of slice z (0-based without padding), [n,n] HU.
void image_slice(const Raster& raster, const PhantomOptions& o, double noise_hu, double pixel_mm, std::uint64_t seed,
                 std::int64_t z, std::int16_t* out) {
  const std::int64_t n = o.matrix;
  const auto plane = static_cast<std::size_t>(n * n);
  std::vector<float> mixed(plane);
  const float* below = raster.hu.data() + static_cast<std::size_t>(z) * plane;
  const auto tap = static_cast<float>(kSliceTap);
  for (std::size_t i = 0; i < plane; ++i)
    mixed[i] = tap * (below[i] + below[i + 2 * plane]) + (1 - 2 * tap) * below[i + plane];
  std::vector<float> hu = blurred(mixed.data(), n);
  const std::vector<float> level = phantom::noise_level(hu, n, pixel_mm, noise_hu);
  if (!raster.metal.empty()) {
    const auto start = raster.metal.begin() + (z + 1) * n * n;
    const std::vector<float> metal(start, start + n * n);
    if (std::any_of(metal.begin(), metal.end(), [](float part) { return part > 0; })) {
      const std::vector<float> streaks = phantom::metal_streaks(
          hu, metal, n, pixel_mm, mix_seed(mix_seed(seed, kMetalStream), static_cast<std::uint64_t>(z)));
      for (std::size_t i = 0; i < plane; ++i) hu[i] += streaks[i];
    }
  }
  if (noise_hu > 0) {
    const std::vector<float> noise = phantom::noise_slice(n, z, mix_seed(seed, kNoiseStream));
    for (std::size_t i = 0; i < plane; ++i) hu[i] += level[i] * noise[i];
  }
  for (std::size_t i = 0; i < plane; ++i)
    out[i] = static_cast<std::int16_t>(std::lround(std::clamp(hu[i], -1024.0F, 3071.0F)));
}

}  // namespace

std::string_view phantom_region_name(PhantomRegion region) { return kNames.at(static_cast<std::size_t>(region)); }

PhantomRegion phantom_region_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<PhantomRegion>(i);
  throw std::invalid_argument("no such phantom region: " + std::string(name));
}

std::vector<std::string> phantom_labels() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < phantom::kLabelCount; ++i)
    names.emplace_back(phantom::label_name(static_cast<phantom::Label>(i)));
  return names;
}

PhantomPatient make_phantom(const PhantomOptions& options, PhantomRegion region, std::uint64_t seed,
                            std::uint64_t patient) {
  check(options);
  const std::uint64_t own = mix_seed(mix_seed(seed, kPatientStream), patient);
  Random random(mix_seed(own, kPlaceStream));
  Build build = phantom::draw_build(own, region);
  build.contrast_enhanced = random.chance(options.contrast_probability);
  build.has_lesions = random.chance(options.lesion_probability);
  build.has_implant = random.chance(options.implant_probability);
  const phantom::Scene scene = phantom::make_scene(build);

  const auto r = static_cast<std::size_t>(region);
  const double middle = kMiddle[r] + random.uniform(-kWander[r], kWander[r]);
  const double half_z = 0.5 * options.slice_mm * static_cast<double>(options.slices) / build.stature;
  const Extent extent = extent_of(phantom::make_frame(build).skin, middle - half_z, middle + half_z);
  const double wanted_mm = build.stature * std::max(2 * extent.half_width, extent.back - extent.front) * 1.1;
  // Technicians choose round fields of view.
  const double fitted = std::ceil(wanted_mm / 10) * 10 / static_cast<double>(options.matrix);
  const double pixel_mm = options.pixel_mm > 0 ? options.pixel_mm : fitted;

  phantom::Placement placement;
  placement.seed = own;
  placement.stature = build.stature;
  placement.turn_deg = std::clamp(random.normal(0, 1.5), -4.0, 4.0);
  placement.shift_mm = {random.uniform(-6, 6), random.uniform(-4, 4), -middle * build.stature};
  placement.deformation_mm = random.uniform(2.5, 5);
  const double back_mm = extent.back * build.stature + placement.shift_mm[1];
  if (options.couch) placement.couch_y_mm = back_mm + 1.5;
  const Geometry geometry =
      make_geometry(options, pixel_mm, 0.5 * build.stature * (extent.front + extent.back) + placement.shift_mm[1] + 4);

  Random tissue_random(mix_seed(own, kTissueStream));
  const phantom::TissueHu tissue_hu =
      phantom::draw_tissue_hu(tissue_random, build.contrast_enhanced, build.bone_density);
  const Raster raster = phantom::rasterise(scene, tissue_hu, padded(geometry), placement, pixel_mm > 4 ? 3 : 2, 2);

  PhantomPatient out;
  out.region = region;
  out.has_lesions = build.has_lesions;
  out.has_implant = build.has_implant;
  out.contrast_enhanced = build.contrast_enhanced;
  out.volume.geometry = out.labels.geometry = geometry;
  const std::int64_t plane = options.matrix * options.matrix;
  out.labels.label.assign(raster.label.begin() + plane, raster.label.end() - plane);
  out.volume.hu.resize(static_cast<std::size_t>(geometry.voxels()));
  tbb::parallel_for(std::int64_t{0}, options.slices, [&](std::int64_t z) {
    image_slice(raster, options, options.noise_hu * kRegionNoise[r], pixel_mm, own, z,
                out.volume.hu.data() + z * plane);
  });
  return out;
}

}  // namespace ctforge::io
