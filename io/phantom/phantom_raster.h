// From painted shapes to voxels: supersampled, so that borders have partial volume, with exact majority labels.
#pragma once

#include "io/phantom/phantom_scene.h"
#include "io/volume/geometry.h"

#include <cstdint>
#include <vector>

namespace ctforge::io::phantom {

// How a patient lies in the scanner: image = (anatomy + deformation) * stature, turned about z, then shifted.
struct Placement {
  double stature = 1;
  double turn_deg = 0;  // about the body's axis
  Vector3 shift_mm = {0, 0, 0};
  double deformation_mm = 4;  // amplitude of the smooth deformation that makes no two patients alike
  std::uint64_t seed = 0;
  double couch_y_mm = 1e9;  // top of the couch in image coordinates; far away: none
};

struct Raster {
  std::vector<float> hu;            // [z,y,x] mean over the samples of a voxel, before blurring and noise
  std::vector<std::uint8_t> label;  // [z,y,x] the label of most samples; the greater value on a tie
  std::vector<float> metal;         // [z,y,x] part of the voxel that is implant; empty when there is none
};

// in_plane x in_plane x through_plane samples a voxel; at most 64 in all (std::invalid_argument).
Raster rasterise(const Scene& scene, const TissueHu& tissue_hu, const Geometry& geometry, const Placement& placement,
                 int in_plane = 2, int through_plane = 2);

}  // namespace ctforge::io::phantom
