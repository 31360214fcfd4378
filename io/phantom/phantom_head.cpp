// Skull, brain with ventricles, sinuses, orbits, jaws and teeth.
#include "io/phantom/phantom_frame.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace ctforge::io::phantom {

namespace {

constexpr std::uint64_t kHeadStream = 11;

// Inner floor of the skull: the anterior fossa over the orbits, the middle fossae either side of the sella, the petrous
// ridges and the posterior fossa.
double skull_floor_z(double x, double y) {
  const auto step = [](double value, double from, double to) {
    const double t = std::clamp((value - from) / (to - from), 0.0, 1.0);
    return t * t * (3 - 2 * t);
  };
  const double side = std::abs(x), lateral = step(side, 10, 26);
  const double anterior = 624 + 0.004 * side * side;
  const double middle = 607 - 19 * lateral + (0.03 * (side - 38) * (side - 38) + 0.02 * (y + 14) * (y + 14)) * lateral;
  const double ridge_y = 4 + 0.5 * side, ridge = 9 * std::exp(-std::pow((y - ridge_y) / 9, 2)) * lateral;
  const double posterior = 584 + 0.012 * (y - 44) * (y - 44) + 0.011 * side * side;
  const double back = step(y, ridge_y - 6, ridge_y + 8), front = 1 - step(y, -46 + 0.2 * side, -32 + 0.2 * side);
  return front * anterior + (1 - front) * ((1 - back) * middle + back * posterior) + ridge;
}

Shape cranium(double inset_mm) {
  return ellipsoid({0, 0, 640}, {77 - inset_mm, 97 - inset_mm, 92 - inset_mm}, {-6, 0, 0});
}

// The part of a shape above the skull's floor by more than gap_mm.
Shape above_floor(Shape shape, double gap_mm) {
  shape.distance_mm = [f = std::move(shape.distance_mm), gap_mm](const Vector3& p) {
    const double d = f(p);
    return d > 0 ? d : std::max(d, 0.85 * (skull_floor_z(p[0], p[1]) + gap_mm - p[2]));
  };
  return shape;
}

void paint_skull(Scene& scene) {
  const Shape outer = above_floor(cranium(5.5), -5), diploe = above_floor(cranium(7.5), -3.8);
  scene.paint(Tissue::CorticalBone, Label::Bone, outer);
  scene.paint(Tissue::TrabecularBone, Label::Bone, diploe, set_of(Tissue::CorticalBone));
  scene.paint(Tissue::CorticalBone, Label::Bone, above_floor(cranium(10.5), -1.4));
  for (const int side : kSides) {
    // Petrous bone and mastoid with its air cells, and the ear canal.
    paint_bone(scene, Label::Bone,
               spline({{{side * 20.0, 4, 600}, 6},
                       {{side * 42.0, 18, 600}, 9},
                       {{side * 58.0, 28, 592}, 12},
                       {{side * 58.0, 30, 572}, 8}}),
               2.5);
    const std::uint64_t cells = 77;
    Shape mastoid = ellipsoid({side * 58.0, 29, 588}, {10, 13, 18});
    mastoid.distance_mm = [f = mastoid.distance_mm](const Vector3& p) {
      return std::max(f(p), -8 * smooth_noise(p, 7, cells));
    };
    scene.paint(Tissue::Air, Label::Background, mastoid);
    scene.paint(Tissue::Air, Label::Background, capsules({{{side * 84.0, 12, 600}, 3.5}, {{side * 52.0, 12, 600}, 3}}));
    const Shape ear = subtract(ellipsoid({side * 82.0, 20, 606}, {6, 17, 29}, {0, 0, side * 18.0}), cranium(-1));
    scene.paint(Tissue::Cartilage, Label::Background, ear, set_of(Tissue::Air));
  }
}

void paint_brain(Scene& scene, const Build& build, Random& random) {
  const std::uint64_t seed = mix_seed(build.seed, kHeadStream + 1);
  const double atrophy = random.uniform(0, 1);
  scene.paint(Tissue::SpinalFluid, Label::Brain, above_floor(cranium(12.5), 0));
  const Shape cortex = above_floor(cranium(14 + 1.5 * atrophy), 2);
  scene.paint(Tissue::GreyMatter, Label::Brain, cortex);
  // White matter reaches into the gyri: its border follows the sulci.
  const Shape white = wobble(above_floor(cranium(22), 9), 11, 24, seed);
  scene.paint(Tissue::WhiteMatter, Label::Brain, white, set_of(Tissue::GreyMatter));
  // Sulci: thin sheets near the surface.
  Shape sulci = cortex;
  sulci.distance_mm = [f = cortex.distance_mm, seed, width = 0.07 + 0.09 * atrophy](const Vector3& p) {
    const double d = f(p);
    if (d > 0 || d < -16) return 1.0;
    return std::abs(smooth_noise(p, 22, seed + 1)) - width * (1 + d / 16);
  };
  scene.paint(Tissue::SpinalFluid, Label::Brain, sulci, set_of(Tissue::GreyMatter, Tissue::WhiteMatter));
  for (const int side : kSides) {
    // Deep grey matter, lateral ventricles and the Sylvian fissure.
    scene.paint(Tissue::GreyMatter, Label::Brain, ellipsoid({side * 13.0, 6, 648}, {9, 14, 10}, {0, 0, side * -20.0}));
    scene.paint(Tissue::GreyMatter, Label::Brain,
                ellipsoid({side * 25.0, -12, 648}, {7, 17, 11}, {0, 0, side * -18.0}));
    const double w = 0.75 + 0.6 * atrophy;
    scene.paint(Tissue::SpinalFluid, Label::Brain,
                capsules(spline({{{side * 13.0, -40, 660}, 4.5 * w},
                                 {{side * 8.0, -18, 666}, 6 * w},
                                 {{side * 11.0, 12, 670}, 6.5 * w},
                                 {{side * 22.0, 38, 660}, 7.5 * w},
                                 {{side * 29.0, 30, 640}, 5 * w},
                                 {{side * 35.0, 2, 628}, 3 * w}})));
    scene.paint(Tissue::SpinalFluid, Label::Brain,
                capsules(spline({{{side * 40.0, -16, 640}, 2.2 + atrophy},
                                 {{side * 56.0, -14, 642}, 2.6 + atrophy},
                                 {{side * 58.0, 12, 652}, 2 + atrophy}})));
  }
  scene.paint(Tissue::SpinalFluid, Label::Brain, box({0, 0, 650}, {1.5 + 2 * atrophy, 14, 9}));  // third ventricle
  // Posterior fossa: cerebellum, brain stem, fourth ventricle, cisterns.
  scene.paint(Tissue::SpinalFluid, Label::Brain,
              intersect(ellipsoid({0, 20, 606}, {34, 20, 22}), above_floor(cranium(13), 1)));
  scene.paint(Tissue::GreyMatter, Label::Brain,
              intersect(ellipsoid({0, 52, 606}, {50, 33, 25}), above_floor(cranium(14), 2)));
  scene.paint(Tissue::WhiteMatter, Label::Brain, ellipsoid({0, 48, 606}, {34, 18, 13}));
  const TissueSet inside = ~set_of(Tissue::CorticalBone, Tissue::TrabecularBone);
  scene.paint(Tissue::WhiteMatter, Label::Brain,
              tube(spline({{{0, 2, 640}, 16}, {{0, 8, 622}, 15}, {{0, 14, 604}, 13}, {{0, 19, 588}, 8}})), inside);
  scene.paint(Tissue::SpinalFluid, Label::Brain, ellipsoid({0, 32, 604}, {7, 4, 10}));
  scene.paint(Tissue::SpinalFluid, Label::Brain, ellipsoid({0, -10, 622}, {16, 9, 5}));  // suprasellar cistern
  // Falx and tentorium are a little denser than brain; the midline fissure holds fluid.
  const Shape inner = above_floor(cranium(12), 0);
  scene.paint(Tissue::SpinalFluid, Label::Brain, intersect(box({0, 0, 704}, {1.6 + atrophy, 90, 34}), inner));
  scene.paint(Tissue::SpinalFluid, Label::Brain, intersect(box({0, -62, 660}, {1.4 + atrophy, 26, 40}), inner));
  scene.paint(Tissue::Blood, Label::Brain, intersect(box({0, 4, 702}, {0.8, 92, 30}), inner));
  scene.paint(vessel(build), Label::Brain,
              intersect(tube(spline({{{0, 84, 622}, 4}, {{0, 70, 690}, 4}, {{0, 10, 726}, 4}})), grow(inner, 1)));
}

void paint_sinuses(Scene& scene, Random& random) {
  const auto cavity = [&](const Vector3& at, const Vector3& radii, const Vector3& turn = {0, 0, 0}) {
    const Shape hollow = ellipsoid(at, radii, turn);
    scene.paint(Tissue::CorticalBone, Label::Bone, grow(hollow, 1.5));
    scene.paint(Tissue::Air, Label::Background, hollow);
    return hollow;
  };
  // Maxilla and cheekbones behind the sinuses, then nose and sinuses.
  paint_bone(scene, Label::Bone,
             column({{560, 0, -62, 32, 28, 0.3}, {570, 0, -64, 34, 29, 0.3}, {580, 0, -66, 30, 26, 0.2}}), 2.5);
  for (const int side : kSides) {
    const double s = random.uniform(0.88, 1.1);
    const Shape hollow = cavity({side * 29.0, -62, 587}, {14 * s, 18 * s, 17 * s}, {0, 0, side * 18.0});
    if (random.chance(0.25)) {  // mucosal swelling on the floor
      Shape fluid = hollow;
      fluid.distance_mm = [f = hollow.distance_mm](const Vector3& p) {
        return std::max(f(p), p[2] - 582 - 0.3 * (p[1] + 62));
      };
      scene.paint(Tissue::BowelWall, Label::Background, fluid);
    }
    paint_bone(scene, Label::Bone,
               spline({{{side * 44.0, -78, 594}, 6},
                       {{side * 60.0, -66, 594}, 6},
                       {{side * 68.0, -40, 596}, 3.6},
                       {{side * 68.0, -8, 598}, 4}}),
               1.8);
    paint_bone(scene, Label::Bone,
               spline({{{side * 52.0, -76, 600}, 4}, {{side * 54.0, -72, 620}, 4}, {{side * 50.0, -76, 634}, 4.5}}),
               1.8);
    paint_bone(scene, Label::Bone, spline({{{side * 28.0, -28, 600}, 2.6}, {{side * 26.0, -30, 572}, 2.6}}),
               1.4);  // pterygoid
  }
  const Shape nose = blend(box({0, -72, 586}, {14, 30, 19}, {0, 0, 0}, 6), ellipsoid({0, -94, 580}, {9, 12, 10}), 6);
  scene.paint(Tissue::CorticalBone, Label::Bone, grow(box({0, -70, 588}, {14, 28, 19}, {0, 0, 0}, 6), 1.4),
              set_of(Tissue::Muscle, Tissue::Fat));
  scene.paint(Tissue::Air, Label::Airway, nose);
  const double bend = random.uniform(-6, 6);
  scene.paint(Tissue::Cartilage, Label::Background, box({0, -72, 586}, {1.3, 30, 20}, {0, 0, bend}));
  for (const int side : kSides)
    for (int i = 0; i < 2; ++i)  // turbinates
      scene.paint(Tissue::Muscle, Label::Background, ellipsoid({side * 8.5, -68, 578.0 + 13 * i}, {3, 22, 4.5}),
                  set_of(Tissue::Air));
  Shape ethmoid = box({0, -58, 614}, {13, 24, 11}, {0, 0, 0}, 4);
  scene.paint(Tissue::CorticalBone, Label::Bone, grow(ethmoid, 1));
  ethmoid.distance_mm = [f = ethmoid.distance_mm](const Vector3& p) {
    return std::max(f(p), 0.06 - std::abs(smooth_noise(p, 13, 41)));
  };
  scene.paint(Tissue::Air, Label::Background, ethmoid);
  cavity({7, -26, 606}, {9, 13, 10});
  cavity({-8, -26, 606}, {9, 13, 10});
  cavity({0, -84, 640}, {16 * random.uniform(0.6, 1.2), 5, 12});
}

void paint_orbits(Scene& scene) {
  for (const int side : kSides) {
    const Shape cone = ellipsoid({side * 32.0, -62, 613}, {19, 30, 18}, {0, 0, side * 20.0});
    const Shape open = intersect(grow(cone, 2), box({0, -50, 613}, {80, 34, 40}));
    scene.paint(Tissue::CorticalBone, Label::Bone, open,
                ~set_of(Tissue::GreyMatter, Tissue::WhiteMatter, Tissue::SpinalFluid));
    scene.paint(Tissue::Fat, Label::Background, cone);
    const Vector3 eye = {side * 33.0, -77, 612};
    for (const int edge : kSides)  // straight eye muscles
      scene.paint(Tissue::Muscle, Label::Background,
                  capsules(spline({{{eye[0] + edge * 12.0, -72, 612}, 1.8},
                                   {{eye[0] + edge * 10.0 - side * 4.0, -56, 612}, 2.4},
                                   {{side * 20.0, -38, 612}, 1.4}})));
    scene.paint(Tissue::WhiteMatter, Label::Background,
                capsules({{{eye[0], -66, 612}, 2.2}, {{side * 18.0, -36, 614}, 2.2}}));
    scene.paint(Tissue::Muscle, Label::Background, ellipsoid(eye, {12.5, 12.5, 12.5}));
    scene.paint(Tissue::Eye, Label::Background, ellipsoid(eye, {11.3, 11.3, 11.3}));
    scene.paint(Tissue::Cartilage, Label::Background, ellipsoid({eye[0], eye[1] - 8, 612}, {4.5, 2.2, 4.5}));  // lens
  }
}

std::vector<Node> arch(double z, double radius_mm, double narrow) {
  return spline({{{44 * narrow, -14, z}, radius_mm},
                 {{38 * narrow, -42, z}, radius_mm},
                 {{27 * narrow, -64, z}, radius_mm},
                 {{12, -78, z}, radius_mm},
                 {{0, -82, z}, radius_mm},
                 {{-12, -78, z}, radius_mm},
                 {{-27 * narrow, -64, z}, radius_mm},
                 {{-38 * narrow, -42, z}, radius_mm},
                 {{-44 * narrow, -14, z}, radius_mm}});
}

void paint_jaws(Scene& scene, Random& random) {
  paint_bone(scene, Label::Bone, arch(563, 6, 0.8), 1.8, ~set_of(Tissue::Air));
  for (const int side : kSides) {
    // Ramus with condyle and coronoid process, as a plate of two rods.
    paint_bone(scene, Label::Mandible,
               spline({{{side * 45.0, -12, 534}, 7}, {{side * 49.0, -4, 560}, 5.5}, {{side * 51.0, 3, 588}, 6}}), 2);
    paint_bone(scene, Label::Mandible,
               spline({{{side * 44.0, -24, 536}, 6}, {{side * 48.0, -18, 562}, 4.5}, {{side * 50.0, -18, 584}, 3}}), 2);
  }
  for (const double z : {526.0, 533.0, 540.0}) paint_bone(scene, Label::Mandible, arch(z, 6, 1), 2.2);
  const int teeth = 14;
  for (int i = 0; i < teeth; ++i)
    for (const bool upper : {false, true}) {
      if (random.chance(0.08)) continue;  // lost
      const std::vector<Node> line = arch(upper ? 555 : 546, 4, upper ? 0.8 : 0.86);
      const double place = (0.06 + 0.88 * (i + 0.5) / teeth) * static_cast<double>(line.size() - 1);
      const Vector3 at = line[static_cast<std::size_t>(place)].at;
      const double root = upper ? 9 : -9;
      scene.paint(Tissue::Tooth, upper ? Label::Bone : Label::Mandible,
                  capsules({{at, 3.6}, {{at[0], at[1], at[2] + root}, 1.8}}));
    }
}

}  // namespace

void paint_head(Scene& scene, const Frame& frame, const Build& build) {
  Random random(mix_seed(build.seed, kHeadStream));
  // Fat of the cheeks and scalp.
  for (const int side : kSides)
    scene.paint(Tissue::Fat, Label::Background, ellipsoid({side * 50.0, -62, 565}, {12, 18, 20}),
                set_of(Tissue::Muscle));
  scene.paint(Tissue::Fat, Label::Background, above_floor(cranium(2), -10), set_of(Tissue::Muscle));
  scene.paint(Tissue::Muscle, Label::Background, above_floor(cranium(4), -10), set_of(Tissue::Fat));
  paint_skull(scene);
  paint_brain(scene, build, random);
  paint_sinuses(scene, random);
  paint_orbits(scene);
  paint_jaws(scene, random);
  static_cast<void>(frame);
}

}  // namespace ctforge::io::phantom
