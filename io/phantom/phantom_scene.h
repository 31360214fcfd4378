// A patient as an ordered list of painted shapes, in the coordinates of a reference adult.
//
// Anatomy coordinates: mm, LPS axes (x to the patient's left, y to the back, z to the head), of an adult 1.75 m tall,
// lying supine with the arms raised. z = 0 is the sacral promontory; the carina is at 378, the foramen magnum at 585
// and the vertex at 732. x = 0 is the midline and y = 0 about half-way through the trunk.
#pragma once

#include "io/phantom/phantom.h"
#include "io/phantom/phantom_shape.h"
#include "io/phantom/phantom_tissue.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace ctforge::io::phantom {

using Region = PhantomRegion;

// What makes one patient differ from another, besides the shapes' own variation.
struct Build {
  std::uint64_t seed = 0;  // every part of the anatomy has its own stream: mix_seed(seed, part)
  Region region = Region::Thorax;
  double stature = 1;       // scale of the whole body, 0.9 to 1.1
  double fat_mm = 18;       // subcutaneous fat at the flank, 5 to 45
  double belly_mm = 10;     // how far visceral fat pushes the abdominal wall forwards, 0 to 45
  double muscle = 1;        // scale of muscle thickness, 0.85 to 1.15
  double bone_density = 1;  // of trabecular bone relative to the mean adult's, 0.6 to 1.4
  bool contrast_enhanced = false;
  bool has_lesions = false;
  bool has_implant = false;
};
// The build of one patient: seed, region and the three flags are taken as given, the rest drawn.
Build draw_build(std::uint64_t seed, Region region);

struct Paint {
  Tissue tissue;
  Label label;
  Shape shape;
  TissueSet over;  // only points that hold one of these are painted
};

// Later paints cover earlier ones.
class Scene {
 public:
  void paint(Tissue tissue, Label label, Shape shape, TissueSet over = kAnyTissue) {
    paints_.push_back({tissue, label, std::move(shape), over});
  }
  void paint(Tissue tissue, Label label, const std::vector<Shape>& shapes, TissueSet over = kAnyTissue) {
    for (const Shape& shape : shapes) paint(tissue, label, shape, over);
  }
  const std::vector<Paint>& paints() const { return paints_; }

 private:
  std::vector<Paint> paints_;
};

}  // namespace ctforge::io::phantom
