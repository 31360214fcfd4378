// Painter's algorithm on a fine grid, a slice at a time, slices in parallel.
#include "io/phantom/phantom_raster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include <tbb/parallel_for.h>

namespace ctforge::io::phantom {

namespace {

constexpr std::uint64_t kDeformationStream = 21, kTextureStream = 22;
constexpr int kStride = 8;  // fine samples between the points where the deformation is worked out

// A smooth displacement: three waves for each axis, none shorter than 110 mm.
class Deformation {
 public:
  Deformation(std::uint64_t seed, double amplitude_mm) {
    Random random(mix_seed(seed, kDeformationStream));
    for (auto& axis : waves_)
      for (Wave& wave : axis) {
        const double length = random.uniform(110, 320);
        Vector3 direction = {random.normal(), random.normal(), random.normal()};
        const double norm = std::sqrt(dot(direction, direction)) * length / (2 * std::numbers::pi);
        for (double& value : direction) value /= norm;
        // Sqrt(3) waves add up to about the amplitude; shorter ones are weaker, so that no fold can appear.
        wave = {direction, random.uniform(0, 2 * std::numbers::pi),
                amplitude_mm * std::min(1.0, length / 200) / std::sqrt(3.0)};
      }
  }
  Vector3 at(const Vector3& p) const {
    Vector3 d{};
    for (int axis = 0; axis < 3; ++axis)
      for (const Wave& wave : waves_[static_cast<std::size_t>(axis)])
        d[axis] += wave.amplitude * std::sin(dot(wave.k, p) + wave.phase);
    return d;
  }

 private:
  struct Wave {
    Vector3 k;
    double phase, amplitude;
  };
  std::array<std::array<Wave, 3>, 3> waves_;
};

struct Sample {
  std::uint8_t tissue, label;
};

// One sub-slice: where its samples lie in the anatomy, and what is painted there.
struct FineSlice {
  std::int64_t nx = 0, ny = 0;
  std::vector<std::array<float, 3>> at;  // anatomy coordinates, mm
  std::vector<Sample> sample;
};

struct Job {
  const Scene& scene;
  const TissueHu& hu;
  const Geometry& geometry;
  const Placement& placement;
  Deformation deformation;
  int in_plane, through_plane;
};

Vector3 to_anatomy(const Job& job, const Vector3& image) {
  const Placement& place = job.placement;
  const double angle = place.turn_deg * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
  const double x = (image[0] - place.shift_mm[0]) / place.stature, y = (image[1] - place.shift_mm[1]) / place.stature;
  const Vector3 p = {c * x + s * y, -s * x + c * y, (image[2] - place.shift_mm[2]) / place.stature};
  const Vector3 d = job.deformation.at(p);
  return {p[0] + d[0], p[1] + d[1], p[2] + d[2]};
}

Vector3 image_point(const Job& job, double fine_x, double fine_y, double z_index) {
  const Vector3 index = {(fine_x + 0.5) / job.in_plane - 0.5, (fine_y + 0.5) / job.in_plane - 0.5, z_index};
  return index_to_point_mm(job.geometry, index);
}

// Anatomy coordinates of every fine sample, bilinear between points kStride apart.
void place_samples(const Job& job, double z_index, FineSlice& slice) {
  const std::int64_t cx = slice.nx / kStride + 2, cy = slice.ny / kStride + 2;
  std::vector<Vector3> coarse(static_cast<std::size_t>(cx * cy));
  for (std::int64_t j = 0; j < cy; ++j)
    for (std::int64_t i = 0; i < cx; ++i)
      coarse[static_cast<std::size_t>(j * cx + i)] = to_anatomy(
          job, image_point(job, static_cast<double>(i * kStride), static_cast<double>(j * kStride), z_index));
  for (std::int64_t y = 0; y < slice.ny; ++y)
    for (std::int64_t x = 0; x < slice.nx; ++x) {
      const std::int64_t i = x / kStride, j = y / kStride;
      const double u = static_cast<double>(x % kStride) / kStride, v = static_cast<double>(y % kStride) / kStride;
      const Vector3 &a = coarse[static_cast<std::size_t>(j * cx + i)],
                    &b = coarse[static_cast<std::size_t>(j * cx + i + 1)];
      const Vector3 &c = coarse[static_cast<std::size_t>((j + 1) * cx + i)],
                    &d = coarse[static_cast<std::size_t>((j + 1) * cx + i + 1)];
      auto& at = slice.at[static_cast<std::size_t>(y * slice.nx + x)];
      for (std::size_t axis = 0; axis < 3; ++axis)
        at[axis] =
            static_cast<float>((1 - v) * ((1 - u) * a[axis] + u * b[axis]) + v * ((1 - u) * c[axis] + u * d[axis]));
    }
}

// The fine samples of a row or column range that a shape's bounds can reach.
struct Window {
  std::int64_t x0, x1, y0, y1;
  bool empty() const { return x0 >= x1 || y0 >= y1; }
};

Window window_of(const Job& job, const Box& bounds, const FineSlice& slice) {
  // Corners of the bounds, taken back to the image; the deformation can move them by its amplitude.
  const Placement& place = job.placement;
  const double angle = place.turn_deg * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
  const double slack = 1.8 * place.deformation_mm + 0.5;
  double low_x = 1e30, high_x = -1e30, low_y = 1e30, high_y = -1e30;
  for (const double px : {bounds.low[0] - slack, bounds.high[0] + slack})
    for (const double py : {bounds.low[1] - slack, bounds.high[1] + slack}) {
      const double x = place.stature * (c * px - s * py) + place.shift_mm[0],
                   y = place.stature * (s * px + c * py) + place.shift_mm[1];
      low_x = std::min(low_x, x), high_x = std::max(high_x, x), low_y = std::min(low_y, y),
      high_y = std::max(high_y, y);
    }
  const auto fine = [&](double mm, std::size_t axis) {
    return ((mm - job.geometry.origin_mm[axis]) / job.geometry.spacing_mm[axis] + 0.5) * job.in_plane - 0.5;
  };
  const auto clip = [](double value, std::int64_t n) {
    return static_cast<std::int64_t>(std::clamp(value, 0.0, static_cast<double>(n)));
  };
  return {clip(std::floor(fine(low_x, 0)), slice.nx), clip(std::ceil(fine(high_x, 0)) + 1, slice.nx),
          clip(std::floor(fine(low_y, 1)), slice.ny), clip(std::ceil(fine(high_y, 1)) + 1, slice.ny)};
}

void paint_slice(const Job& job, FineSlice& slice) {
  float z_low = 1e30F, z_high = -1e30F;
  for (const auto& at : slice.at) z_low = std::min(z_low, at[2]), z_high = std::max(z_high, at[2]);
  std::fill(slice.sample.begin(), slice.sample.end(), Sample{0, 0});
  for (const Paint& paint : job.scene.paints()) {
    const Box& b = paint.shape.bounds;
    if (b.low[2] > z_high || b.high[2] < z_low) continue;
    const Window window = window_of(job, b, slice);
    if (window.empty()) continue;
    const Sample value = {static_cast<std::uint8_t>(paint.tissue), static_cast<std::uint8_t>(paint.label)};
    for (std::int64_t y = window.y0; y < window.y1; ++y)
      for (std::int64_t x = window.x0; x < window.x1; ++x) {
        const auto i = static_cast<std::size_t>(y * slice.nx + x);
        Sample& sample = slice.sample[i];
        if (((paint.over >> sample.tissue) & 1U) == 0) continue;
        const auto& a = slice.at[i];
        if (a[0] < b.low[0] || a[0] > b.high[0] || a[1] < b.low[1] || a[1] > b.high[1] || a[2] < b.low[2] ||
            a[2] > b.high[2])
          continue;
        if (paint.shape.distance_mm({a[0], a[1], a[2]}) < 0) sample = value;
      }
  }
}

// The couch is fixed to the scanner: a shallow trough of foam in a carbon-fibre shell.
void paint_couch(const Job& job, double z_index, FineSlice& slice) {
  const double top = job.placement.couch_y_mm;
  for (std::int64_t y = 0; y < slice.ny; ++y)
    for (std::int64_t x = 0; x < slice.nx; ++x) {
      Sample& sample = slice.sample[static_cast<std::size_t>(y * slice.nx + x)];
      if (sample.tissue != static_cast<std::uint8_t>(Tissue::Air) || sample.label != 0) continue;
      const Vector3 p = image_point(job, static_cast<double>(x), static_cast<double>(y), z_index);
      const double depth = p[1] - (top - p[0] * p[0] / 1500), half = 205 - std::abs(p[0]);
      const double thick = 26 - p[0] * p[0] / 2600;
      if (depth < 0 || depth > thick || half < 0) continue;
      const bool shell = depth < 3 || depth > thick - 3 || half < 3;
      sample.tissue = static_cast<std::uint8_t>(shell ? Tissue::CouchShell : Tissue::CouchCore);
    }
}

// Slow variation inside a tissue, and the lung's gradient from front to back.
float texture_of(const Job& job, std::uint8_t tissue, const Vector3& p, double grain) {
  const auto kind = static_cast<Tissue>(tissue);
  double value = tissue_properties(kind).texture_hu * grain;
  if (kind == Tissue::Lung) value += 0.35 * p[1];
  static_cast<void>(job);
  return static_cast<float>(value);
}

struct Gathered {
  std::array<std::uint8_t, kTissueCount> tissue;
  std::array<std::uint8_t, kLabelCount> label;
};

void write_voxel(const Job& job, const Gathered& voxel, const Vector3& p, std::size_t index, Raster& out) {
  const std::uint64_t seed = mix_seed(job.placement.seed, kTextureStream);
  const bool outside = voxel.tissue[0] == job.in_plane * job.in_plane * job.through_plane;
  // Two octaves; the factor brings the sum to standard deviation one.
  const double grain = outside ? 0 : 1.77 * (smooth_noise(p, 9, seed) + smooth_noise(p, 26, seed + 1));
  float sum = 0;
  int samples = 0;
  for (std::size_t t = 0; t < kTissueCount; ++t)
    if (voxel.tissue[t] > 0) {
      sum +=
          static_cast<float>(voxel.tissue[t]) * (job.hu[t] + texture_of(job, static_cast<std::uint8_t>(t), p, grain));
      samples += voxel.tissue[t];
    }
  out.hu[index] = sum / static_cast<float>(samples);
  std::size_t best = 0;
  for (std::size_t l = 1; l < kLabelCount; ++l)
    if (voxel.label[l] >= voxel.label[best] && voxel.label[l] > 0) best = l;
  out.label[index] = static_cast<std::uint8_t>(best);
  if (!out.metal.empty())
    out.metal[index] =
        static_cast<float>(voxel.tissue[static_cast<std::size_t>(Tissue::Implant)]) / static_cast<float>(samples);
}

void rasterise_slice(const Job& job, std::int64_t z, Raster& out) {
  const std::int64_t nx = job.geometry.size[0], ny = job.geometry.size[1];
  FineSlice slice;
  slice.nx = nx * job.in_plane;
  slice.ny = ny * job.in_plane;
  slice.at.resize(static_cast<std::size_t>(slice.nx * slice.ny));
  slice.sample.resize(slice.at.size());
  std::vector<Gathered> gathered(static_cast<std::size_t>(nx * ny), Gathered{});
  for (int k = 0; k < job.through_plane; ++k) {
    const double z_index = static_cast<double>(z) + (k + 0.5) / job.through_plane - 0.5;
    place_samples(job, z_index, slice);
    paint_slice(job, slice);
    if (job.placement.couch_y_mm < 1e8) paint_couch(job, z_index, slice);
    for (std::int64_t y = 0; y < slice.ny; ++y)
      for (std::int64_t x = 0; x < slice.nx; ++x) {
        const Sample sample = slice.sample[static_cast<std::size_t>(y * slice.nx + x)];
        Gathered& voxel = gathered[static_cast<std::size_t>((y / job.in_plane) * nx + x / job.in_plane)];
        ++voxel.tissue[sample.tissue];
        ++voxel.label[sample.label];
      }
  }
  for (std::int64_t y = 0; y < ny; ++y)
    for (std::int64_t x = 0; x < nx; ++x) {
      const auto fine = static_cast<std::size_t>(y * job.in_plane * slice.nx + x * job.in_plane);
      const Vector3 p = {slice.at[fine][0], slice.at[fine][1], slice.at[fine][2]};
      write_voxel(job, gathered[static_cast<std::size_t>(y * nx + x)], p,
                  static_cast<std::size_t>((z * ny + y) * nx + x), out);
    }
}

}  // namespace

Raster rasterise(const Scene& scene, const TissueHu& tissue_hu, const Geometry& geometry, const Placement& placement,
                 int in_plane, int through_plane) {
  if (in_plane < 1 || through_plane < 1 || in_plane * in_plane * through_plane > 64)
    throw std::invalid_argument("between 1 and 64 samples a voxel");
  const Job job{scene,    tissue_hu,    geometry, placement, Deformation(placement.seed, placement.deformation_mm),
                in_plane, through_plane};
  Raster out;
  const auto voxels = static_cast<std::size_t>(geometry.voxels());
  out.hu.resize(voxels);
  out.label.resize(voxels);
  const auto is_metal = [](const Paint& paint) { return paint.tissue == Tissue::Implant; };
  if (std::any_of(scene.paints().begin(), scene.paints().end(), is_metal)) out.metal.resize(voxels);
  tbb::parallel_for(std::int64_t{0}, geometry.size[2], [&](std::int64_t z) { rasterise_slice(job, z, out); });
  return out;
}

}  // namespace ctforge::io::phantom
