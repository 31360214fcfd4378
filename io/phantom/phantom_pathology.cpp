// What disease and surgery leave behind: lesions of random size and place, and metal.
#include "io/phantom/phantom_frame.h"

#include <algorithm>
#include <cmath>

namespace ctforge::io::phantom {

namespace {

constexpr std::uint64_t kLesionStream = 13, kImplantStream = 14;

// A lumpy mass of random size, only over the given tissues.
void paint_mass(Scene& scene, Random& random, const Vector3& at, double smallest_mm, double largest_mm,
                TissueSet over) {
  // Small ones are commoner: radii are log-uniform.
  const double r = smallest_mm * std::pow(largest_mm / smallest_mm, random.uniform());
  const Vector3 radii = {r * random.uniform(0.8, 1.2), r * random.uniform(0.8, 1.2),
                         std::max(r * random.uniform(0.8, 1.2), 4.0)};
  scene.paint(Tissue::Lesion, Label::Lesion,
              wobble(ellipsoid(at, radii, {0, 0, random.uniform(0, 180)}), 0.3 * r, 1.6 * r + 4, random.bits()), over);
}

double either_side(Random& random) { return random.chance(0.5) ? 1 : -1; }

void head_lesion(Scene& scene, Random& random) {
  const double side = either_side(random);
  if (random.chance(0.45)) {
    paint_mass(scene, random, {side * random.uniform(18, 45), random.uniform(-45, 45), random.uniform(632, 655)}, 6, 16,
               set_of(Tissue::WhiteMatter, Tissue::GreyMatter, Tissue::SpinalFluid));
  } else {  // a lymph node of the neck or a tumour of the throat
    paint_mass(scene, random, {side * random.uniform(36, 48), random.uniform(0, 16), random.uniform(505, 550)}, 6, 16,
               set_of(Tissue::Muscle, Tissue::Fat, Tissue::Gland));
  }
}

void thorax_lesion(Scene& scene, const Frame& frame, Random& random) {
  const double side = either_side(random);
  const TissueSet lung = set_of(Tissue::Lung, Tissue::Blood, Tissue::ContrastAgent);
  if (random.chance(0.75)) {
    const double z = random.uniform(300, 400), reach = random.uniform(0.45, 0.85);
    Vector3 at = frame.on_chest(random.uniform(0.5, 2.5), z, -12);
    paint_mass(scene, random, {side * std::max(50.0, at[0] * reach), 5 + (at[1] - 5) * reach, z}, 4, 20, lung);
  } else {  // mediastinal or hilar nodes
    paint_mass(scene, random, {side * random.uniform(14, 40), random.uniform(-20, 10), random.uniform(340, 400)}, 6, 14,
               set_of(Tissue::Fat, Tissue::Lung));
  }
}

void abdomen_lesion(Scene& scene, Random& random) {
  if (random.chance(0.65)) {
    paint_mass(scene, random, {random.uniform(-110, -45), random.uniform(-35, 45), random.uniform(170, 235)}, 5, 24,
               set_of(Tissue::Liver));
  } else if (random.chance(0.5)) {
    const double side = either_side(random);
    paint_mass(scene, random, {side * random.uniform(64, 86), random.uniform(34, 58), random.uniform(120, 175)}, 7, 20,
               set_of(Tissue::KidneyCortex, Tissue::KidneyMedulla, Tissue::Fat));
  } else {  // retroperitoneal nodes
    paint_mass(scene, random, {random.uniform(-10, 30), random.uniform(-14, 4), random.uniform(90, 150)}, 6, 15,
               set_of(Tissue::Fat));
  }
}

void pelvis_lesion(Scene& scene, Random& random) {
  const double side = either_side(random);
  if (random.chance(0.4)) {  // lytic metastasis
    paint_mass(scene, random, {side * random.uniform(56, 100), random.uniform(0, 50), random.uniform(-60, -30)}, 6, 16,
               set_of(Tissue::TrabecularBone, Tissue::CorticalBone));
  } else {  // node along the iliac vessels or a mass in the true pelvis
    paint_mass(scene, random, {side * random.uniform(20, 55), random.uniform(0, 36), random.uniform(-95, -20)}, 6, 20,
               set_of(Tissue::Fat, Tissue::Muscle, Tissue::BowelWall));
  }
}

void metal(Scene& scene, const Shape& shape, TissueSet over = kAnyTissue) {
  scene.paint(Tissue::Implant, Label::Implant, shape, over);
}

void dental_implants(Scene& scene, Random& random) {
  const int count = 2 + static_cast<int>(random.below(4));
  for (int i = 0; i < count; ++i) {
    const double angle = random.uniform(-1.25, 1.25), upper = random.chance(0.5) ? 1 : 0;
    const Vector3 at = {36 * std::sin(angle), -30 - 50 * std::cos(angle), upper > 0 ? 555.0 : 546.0};
    const double r = random.uniform(3.0, 4.6);
    metal(scene, ellipsoid(at, {r, r, 4.5}));
    if (random.chance(0.3)) metal(scene, tube({{at, 2}, {{at[0], at[1], at[2] + (upper > 0 ? 11 : -11)}, 1.8}}));
  }
}

void spinal_fixation(Scene& scene, const Frame& frame, Random& random, int lowest) {
  const int levels = 2 + static_cast<int>(random.below(2));
  for (const int side : kSides) {
    std::vector<Node> rod;
    for (int level = lowest; level < lowest + levels; ++level) {
      const double z = vertebra_z(level) + 3, y = frame.spine_y(z);
      metal(scene, tube({{{side * 25.0, y + 42, z}, 3.2}, {{side * 12.0, y - 4, z}, 2.8}}));
      rod.push_back({{side * 26.0, y + 44, z}, 4});
    }
    metal(scene, tube(rod));
  }
}

void pacemaker(Scene& scene, const Frame& frame, const Build& build) {
  const double z = 398, y = frame.on_chest(2.55, z, 12)[1];
  metal(scene, box({76, y, z}, {21, 3.8, 19}, {0, 0, -24}, 3));
  metal(scene, tube(spline({{{62, y, 412}, 1.5},
                            {{36, -30, 430}, 1.4},
                            {{2, -30, 414}, 1.3},
                            {{-26, -22, 395}, 1.3},
                            {{-30, -26, 320}, 1.3},
                            {{-10, -52, 292}, 1.3},
                            {{20, -56, 284}, 1.8}})));
  static_cast<void>(build);
}

void hip_prosthesis(Scene& scene, int side) {
  const Vector3 hip = {side * 89.0, 2, -94};
  // Cup with its plastic liner, head, neck and a stem in the femoral canal.
  Shape cup = subtract(ellipsoid(hip, {27, 27, 27}), ellipsoid(hip, {23, 23, 23}));
  cup.distance_mm = [f = cup.distance_mm, hip, side](const Vector3& p) {
    return std::max(f(p), 0.75 * side * (p[0] - hip[0]) - 0.66 * (p[2] - hip[2]));
  };
  scene.paint(Tissue::Muscle, Label::Background, ellipsoid(hip, {24, 24, 24}));
  metal(scene, cup);
  metal(scene, ellipsoid(hip, {15, 15, 15}));
  metal(scene, tube(spline({{hip, 7},
                            {{side * 112.0, 9, -108}, 7},
                            {{side * 124.0, 14, -130}, 9},
                            {{side * 123.0, 12, -180}, 7},
                            {{side * 118.0, 8, -250}, 5}})));
}

}  // namespace

void paint_lesions(Scene& scene, const Frame& frame, const Build& build) {
  if (!build.has_lesions) return;
  Random random(mix_seed(build.seed, kLesionStream));
  const auto count = 1 + random.below(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (build.region == Region::HeadNeck) head_lesion(scene, random);
    if (build.region == Region::Thorax) thorax_lesion(scene, frame, random);
    if (build.region == Region::Abdomen) abdomen_lesion(scene, random);
    if (build.region == Region::Pelvis) pelvis_lesion(scene, random);
  }
}

void paint_implants(Scene& scene, const Frame& frame, const Build& build) {
  if (!build.has_implant) return;
  Random random(mix_seed(build.seed, kImplantStream));
  if (build.region == Region::HeadNeck) dental_implants(scene, random);
  if (build.region == Region::Thorax) {
    if (random.chance(0.5))
      pacemaker(scene, frame, build);
    else
      spinal_fixation(scene, frame, random, 9 + static_cast<int>(random.below(3)));
  }
  if (build.region == Region::Abdomen) spinal_fixation(scene, frame, random, 1 + static_cast<int>(random.below(3)));
  if (build.region == Region::Pelvis) {
    const bool both = random.chance(0.2);
    const int side = random.chance(0.5) ? 1 : -1;
    hip_prosthesis(scene, side);
    if (both) hip_prosthesis(scene, -side);
  }
}

}  // namespace ctforge::io::phantom
