// Pelvic bones and hips, sacrum, bladder, rectum and the muscles round them.
#include "io/phantom/phantom_frame.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ctforge::io::phantom {

namespace {

constexpr std::uint64_t kPelvisStream = 10;

// The iliac wing as a sheet between a curve on the crest and one above the acetabulum, as overlapping rods.
void paint_wing(Scene& scene, int side) {
  const std::vector<Node> crest = spline({{{side * 42.0, 66, 22}, 6},
                                          {{side * 66.0, 64, 42}, 6},
                                          {{side * 104.0, 30, 52}, 6},
                                          {{side * 124.0, -12, 36}, 6},
                                          {{side * 122.0, -48, 2}, 6}},
                                         5);
  const std::vector<Node> base = spline({{{side * 44.0, 62, -30}, 9},
                                         {{side * 58.0, 56, -46}, 9},
                                         {{side * 78.0, 30, -60}, 9},
                                         {{side * 92.0, 2, -64}, 11},
                                         {{side * 96.0, -30, -58}, 8}},
                                        5);
  std::vector<std::vector<Node>> rods;
  const int rows = 15;
  for (int row = 0; row <= rows; ++row) {
    const double t = static_cast<double>(row) / rows;
    // Thick at crest and base, thin in the middle as the iliac fossa is.
    const double thickness = row == rows ? 1 : 0.42 + 0.58 * std::pow(std::abs(2 * t - 1), 2.0);
    std::vector<Node> rod;
    for (std::size_t i = 0; i < crest.size(); ++i) {
      Node node{};
      for (int axis = 0; axis < 3; ++axis)
        node.at[axis] = base[i].at[axis] + t * (crest[i].at[axis] - base[i].at[axis]);
      // The fossa is hollow towards the inside.
      node.at[0] += side * 10.0 * t * (1 - t);
      node.radius_mm = thickness * (base[i].radius_mm + t * (crest[i].radius_mm - base[i].radius_mm));
      rod.push_back(node);
    }
    rods.push_back(std::move(rod));
  }
  for (const auto& rod : rods) scene.paint(Tissue::CorticalBone, Label::Bone, capsules(rod));
  for (auto rod : rods) {
    for (Node& node : rod) node.radius_mm = std::max(0.1, node.radius_mm - 2.0);
    scene.paint(Tissue::TrabecularBone, Label::Bone, capsules(rod), set_of(Tissue::CorticalBone));
  }
}

void paint_hip(Scene& scene, int side, double head_mm) {
  const Vector3 hip = {side * 89.0, 2, -94};
  // Acetabular roof and columns, hollowed for the femoral head.
  Shape socket = ellipsoid({side * 84.0, 3, -88}, {31, 33, 34});
  socket.distance_mm = [f = socket.distance_mm, side](const Vector3& p) {
    return std::max(f(p), 0.8 * side * (p[0] - side * 106.0) - 0.35 * (p[2] + 92));
  };
  paint_bone(scene, Label::Bone, socket, 2.2);
  paint_bone(scene, Label::Bone,
             spline({{{side * 76.0, 30, -96}, 15}, {{side * 70.0, 40, -122}, 13}, {{side * 63.0, 40, -152}, 15}}), 2.4);
  paint_bone(scene, Label::Bone,
             spline({{{side * 76.0, -22, -88}, 11}, {{side * 48.0, -40, -102}, 7.5}, {{side * 14.0, -44, -116}, 9}}),
             2.2);
  paint_bone(scene, Label::Bone,
             spline({{{side * 11.0, -43, -116}, 9},
                     {{side * 16.0, -38, -132}, 7},
                     {{side * 36.0, 4, -150}, 6},
                     {{side * 60.0, 34, -158}, 9}}),
             2.0);
  // Joint space, then the femur.
  scene.paint(Tissue::Cartilage, Label::Background, ellipsoid(hip, {head_mm + 3, head_mm + 3, head_mm + 3}));
  const std::vector<Node> neck = {{hip, 17}, {{side * 122.0, 12, -114}, 14.5}};
  const std::vector<Node> shaft = spline({{{side * 132.0, 16, -106}, 12},
                                          {{side * 130.0, 16, -122}, 17},
                                          {{side * 124.0, 14, -160}, 15},
                                          {{side * 120.0, 10, -220}, 14},
                                          {{side * 112.0, 6, -420}, 14}});
  scene.paint(Tissue::CorticalBone, Label::Bone, ellipsoid(hip, {head_mm, head_mm, head_mm}));
  scene.paint(Tissue::CorticalBone, Label::Bone, capsules(neck));
  scene.paint(Tissue::CorticalBone, Label::Bone, capsules(shaft));
  const TissueSet cortical = set_of(Tissue::CorticalBone);
  scene.paint(Tissue::TrabecularBone, Label::Bone, ellipsoid(hip, {head_mm - 1.8, head_mm - 1.8, head_mm - 1.8}),
              cortical);
  scene.paint(Tissue::TrabecularBone, Label::Bone, capsules({{hip, 15}, {{side * 122.0, 12, -114}, 11.5}}), cortical);
  scene.paint(
      Tissue::TrabecularBone, Label::Bone,
      capsules(spline({{{side * 132.0, 16, -106}, 10}, {{side * 130.0, 16, -122}, 14}, {{side * 124.0, 14, -150}, 9}})),
      cortical);
  scene.paint(
      Tissue::Fat, Label::Bone,
      capsules(spline({{{side * 124.0, 14, -152}, 8}, {{side * 120.0, 10, -220}, 7}, {{side * 112.0, 6, -420}, 7}})),
      set_of(Tissue::CorticalBone, Tissue::TrabecularBone));
}

void paint_sacrum(Scene& scene, const Frame& frame) {
  std::vector<Section> sections;
  for (double z = -105; z <= 4; z += 9) {
    const double t = (z + 105) / 109;
    sections.push_back({z, 0, frame.spine_y(z) + 6, 12 + 42 * t, 9 + 12 * t, 0.15});
  }
  const Shape sacrum = column(sections);
  paint_bone(scene, Label::Bone, sacrum, 1.7);
  for (const int side : kSides)
    for (int i = 0; i < 4; ++i) {  // foramina
      const double z = -14 - 21.0 * i, y = frame.spine_y(z) + 6;
      scene.paint(
          Tissue::Fat, Label::Background,
          capsules({{{side * (24 - 4.0 * i), y - 26, z - 3}, 4.2}, {{side * (21 - 4.0 * i), y + 6, z + 4}, 4.2}}),
          set_of(Tissue::TrabecularBone, Tissue::CorticalBone));
    }
  paint_bone(scene, Label::Bone,
             spline({{{0, frame.spine_y(-60) + 26, -50}, 5}, {{0, frame.spine_y(-10) + 30, -8}, 7}}), 1.8);
  paint_bone(scene, Label::Bone, spline({{{0, 82, -104}, 6}, {{0, 76, -120}, 5}, {{0, 66, -134}, 4}}), 1.8);  // coccyx
}

void paint_soft_pelvis(Scene& scene, const Build& build, Random& random) {
  // Fat between the buttocks and below the pelvic floor.
  scene.paint(Tissue::Fat, Label::Background, ellipsoid({0, 108, -110}, {12, 34, 48}), set_of(Tissue::Muscle));
  for (const int side : kSides) {
    scene.paint(Tissue::Fat, Label::Background, ellipsoid({side * 30.0, 50, -134}, {17, 26, 26}, {0, side * 15.0, 0}),
                set_of(Tissue::Muscle));
    scene.paint(Tissue::Fat, Label::Background, ellipsoid({side * 66.0, -62, -108}, {22, 20, 40}),
                set_of(Tissue::Muscle));  // groin
    // Cleft between the greater and the middle gluteal muscle.
    scene.paint(Tissue::Fat, Label::Background, ellipsoid({side * 100.0, 52, -40}, {42, 3.5, 60}, {0, 0, side * -38.0}),
                set_of(Tissue::Muscle));
  }
  // Rectum.
  const double r = random.uniform(14, 22);
  const std::vector<Node> rectum =
      spline({{{0, 42, -56}, r}, {{2, 50, -72}, r}, {{0, 54, -92}, r}, {{0, 46, -116}, r * 0.8}, {{0, 56, -140}, 9}});
  std::vector<Node> lumen = rectum;
  for (Node& node : lumen) node.radius_mm = std::max(0.5, node.radius_mm - 4);
  const TissueSet loose = ~set_of(Tissue::CorticalBone, Tissue::TrabecularBone);
  scene.paint(Tissue::BowelWall, Label::Background, capsules(rectum), loose);
  scene.paint(Tissue::Stool, Label::Background, capsules(lumen), set_of(Tissue::BowelWall));
  if (random.chance(0.7)) {
    const double gas = random.uniform(5, 9);
    scene.paint(Tissue::Air, Label::Background,
                ellipsoid({random.uniform(-3, 3), 46, random.uniform(-95, -70)}, {gas, gas * 0.7, 14}),
                set_of(Tissue::Stool));
  }
  // What lies between bladder and rectum, the same for either sex.
  scene.paint(Tissue::Muscle, Label::Background, ellipsoid({0, 14, -106}, {22, 14, 20}), loose);
  const double fill = random.uniform(0.72, 1.12);
  const Shape bladder =
      wobble(ellipsoid({random.uniform(-4, 4), -16, -92 + 12 * fill}, {40 * fill, 31 * fill, 30 * fill}, {-12, 0, 0}),
             2, 50, mix_seed(build.seed, kPelvisStream + 1));
  scene.paint(Tissue::BowelWall, Label::Bladder, grow(bladder, 3.5 / fill), loose);
  scene.paint(Tissue::Urine, Label::Bladder, bladder, loose);
}

}  // namespace

void paint_pelvis(Scene& scene, const Frame& frame, const Build& build) {
  Random random(mix_seed(build.seed, kPelvisStream));
  paint_soft_pelvis(scene, build, random);
  const double head = random.uniform(21.5, 24.5);
  for (const int side : kSides) {
    paint_wing(scene, side);
    paint_hip(scene, side, head);
  }
  scene.paint(Tissue::Cartilage, Label::Background, ellipsoid({0, -43, -119}, {4, 9, 15}));  // symphysis
  paint_sacrum(scene, frame);
}

}  // namespace ctforge::io::phantom
