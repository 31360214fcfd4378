// The body's large surfaces, on which all parts of the anatomy are laid out.
#pragma once

#include "io/phantom/phantom_scene.h"

#include <vector>

namespace ctforge::io::phantom {

// Everything in anatomy coordinates, mm.
struct Frame {
  Shape skin;    // the outside
  Shape wall;    // outer surface of the muscles: skin without subcutaneous fat
  Shape chest;   // inner surface of the ribs
  Shape cavity;  // abdomen and pelvis inside their muscles and below the diaphragm
  Shape lungs;   // chest above the diaphragm, mediastinum included
  std::vector<Section> chest_sections;
  double breath_mm = 0;  // the diaphragm's height above its usual place

  // Centre of the vertebral bodies in the midline.
  double spine_y(double z) const;
  // A point on the inner surface of the ribs: angle 0 points to the back, pi/2 to the patient's left, pi to the front.
  Vector3 on_chest(double angle, double z, double outwards_mm) const;
  // The dome of the diaphragm.
  double diaphragm_z(double x, double y) const;
};

Frame make_frame(const Build& build);

// The parts of the anatomy, in the order in which they are painted.
void paint_body(Scene& scene, const Frame& frame, const Build& build);      // skin, fat, muscle
void paint_head(Scene& scene, const Frame& frame, const Build& build);      // skull, face, brain
void paint_neck(Scene& scene, const Frame& frame, const Build& build);      // throat, vessels, glands
void paint_chest(Scene& scene, const Frame& frame, const Build& build);     // lungs, airways, mediastinum, heart
void paint_abdomen(Scene& scene, const Frame& frame, const Build& build);   // liver to bowel
void paint_pelvis(Scene& scene, const Frame& frame, const Build& build);    // bladder, rectum, pelvic bones, hips
void paint_vessels(Scene& scene, const Frame& frame, const Build& build);   // aorta and great vessels
void paint_spine(Scene& scene, const Frame& frame, const Build& build);     // vertebrae, discs, cord
void paint_rib_cage(Scene& scene, const Frame& frame, const Build& build);  // ribs, sternum, scapulae, clavicles
void paint_lesions(Scene& scene, const Frame& frame, const Build& build);   // nodules and masses
void paint_implants(Scene& scene, const Frame& frame, const Build& build);  // fillings, screws, wires, hip prostheses

// All of the above.
Scene make_scene(const Build& build);

// Level of a vertebra's centre: 0 is L5, 4 is L1, 5 is T12, 16 is T1, 17 is C7, 22 is C2.
inline constexpr int kVertebrae = 23;
double vertebra_z(int level);
double vertebra_height_mm(int level);  // of the body, without the disc

// Both sides of something: side is +1 on the patient's left, -1 on the right.
inline constexpr int kSides[2] = {1, -1};
// The vessel or chamber tissue: contrast agent or blood.
inline Tissue vessel(const Build& build) { return build.contrast_enhanced ? Tissue::ContrastAgent : Tissue::Blood; }
// A bone: cortical outside, trabecular where deeper than cortex_mm.
void paint_bone(Scene& scene, Label label, const Shape& shape, double cortex_mm, TissueSet over = kAnyTissue);
void paint_bone(Scene& scene, Label label, const std::vector<Node>& nodes, double cortex_mm,
                TissueSet over = kAnyTissue);

}  // namespace ctforge::io::phantom
