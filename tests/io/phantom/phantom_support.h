// What the phantom's tests share: asking a scene what it holds at one point.
#pragma once

#include "io/phantom/phantom_frame.h"

#include <algorithm>
#include <cstdint>

namespace ctforge::io::phantom {

struct Found {
  Tissue tissue = Tissue::Air;
  Label label = Label::Background;
};

// The painter's algorithm at a single point of the anatomy.
inline Found painted(const Scene& scene, const Vector3& p) {
  Found found;
  for (const Paint& paint : scene.paints()) {
    if (((paint.over >> static_cast<unsigned>(found.tissue)) & 1U) == 0) continue;
    bool within = true;
    for (std::size_t axis = 0; axis < 3; ++axis)
      within = within && p[axis] >= paint.shape.bounds.low[axis] && p[axis] <= paint.shape.bounds.high[axis];
    if (within && paint.shape.distance_mm(p) < 0) found = {paint.tissue, paint.label};
  }
  return found;
}

// What is found on a grid of points: how many hold a label, and their centre.
struct Tally {
  double points = 0;
  Vector3 centre = {0, 0, 0};
};
inline Tally tally(const Scene& scene, Label label, const Vector3& low, const Vector3& high, double step) {
  Tally result;
  for (double z = low[2]; z <= high[2]; z += step)
    for (double y = low[1]; y <= high[1]; y += step)
      for (double x = low[0]; x <= high[0]; x += step)
        if (painted(scene, {x, y, z}).label == label) {
          result.points += 1;
          result.centre = {result.centre[0] + x, result.centre[1] + y, result.centre[2] + z};
        }
  for (double& value : result.centre) value /= std::max(1.0, result.points);
  return result;
}

inline Scene scene_of(std::uint64_t seed, Region region, bool lesions = false, bool implant = false,
                      bool contrast = false) {
  Build build = draw_build(seed, region);
  build.has_lesions = lesions;
  build.has_implant = implant;
  build.contrast_enhanced = contrast;
  return make_scene(build);
}

}  // namespace ctforge::io::phantom
