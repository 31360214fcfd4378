// Vertebrae with their canal, discs and cord; ribs, sternum, scapulae and clavicles.
#include "io/phantom/phantom_frame.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ctforge::io::phantom {

namespace {

constexpr std::uint64_t kSpineStream = 5, kRibStream = 6;
constexpr double kPi = std::numbers::pi;

// Sizes of a vertebra of the reference adult, mm.
struct VertebraSize {
  double rx, ry, canal, transverse, spinous, droop;
};

VertebraSize vertebra_size(int level) {
  if (level < 5) return {25.0 - 0.6 * level, 17.5, 10.5, 43, 34, 6};
  if (level < 17) {
    const double t = (level - 5) / 11.0;
    return {21 - 6.5 * t, 17 - 5 * t, 9, 34 - 4 * t, 36 - 4 * t, 14};
  }
  return {12.5, 9, 9.5, 25, 24 - 1.5 * (level - 17), 5};
}

void paint_vertebra(Scene& scene, const Frame& frame, int level) {
  const VertebraSize v = vertebra_size(level);
  const double z = vertebra_z(level), half = 0.5 * vertebra_height_mm(level), y = frame.spine_y(z);
  const double canal_y = y + v.ry + v.canal - 1.5;
  const bool lumbar = level < 5, cervical = level >= 17;
  const double rod = lumbar ? 5 : cervical ? 3.4 : 4;
  // Arch: a ring round the canal, open between vertebrae.
  const Shape ring = subtract(column({{z - 0.62 * half, 0, canal_y, v.canal + rod + 1, v.canal + rod, 0.1},
                                      {z + 0.75 * half, 0, canal_y, v.canal + rod + 1, v.canal + rod, 0.1}}),
                              column({{z - 2 * half, 0, canal_y, v.canal, v.canal - 1, 0},
                                      {z + 2 * half, 0, canal_y, v.canal, v.canal - 1, 0}}));
  paint_bone(scene, Label::Vertebra, ring, 1.6);
  for (const int side : kSides) {
    paint_bone(scene, Label::Vertebra,
               {{{side * (v.canal + 1), canal_y, z + 2}, rod + 1},
                {{side * v.transverse, canal_y + (lumbar ? 2 : 9), z + 1}, rod * 0.8}},
               1.8);
    // Articular processes reach the neighbouring vertebrae.
    paint_bone(scene, Label::Vertebra,
               {{{side * (v.canal + 4), canal_y + 5, z + 1.1 * half}, rod + 1},
                {{side * (v.canal + 4), canal_y + 6, z - 1.1 * half}, rod + 1}},
               1.8);
  }
  paint_bone(scene, Label::Vertebra,
             {{{0, canal_y + v.canal + 1, z}, rod},
              {{0, canal_y + v.canal + v.spinous - rod, z - v.droop}, rod * (lumbar ? 0.9 : 0.7)}},
             1.8);
  if (lumbar)
    paint_bone(scene, Label::Vertebra,
               {{{0, canal_y + v.canal + 2, z - 8}, rod},
                {{0, canal_y + v.canal + v.spinous - rod, z - v.droop - 9}, rod * 0.9}},
               1.8);
  // Body, waisted.
  paint_bone(scene, Label::Vertebra,
             column({{z - half, 0, y, v.rx, v.ry, 0.25},
                     {z, 0, y, v.rx * 0.92, v.ry * 0.93, 0.2},
                     {z + half, 0, y, v.rx, v.ry, 0.25}}),
             1.7);
}

void paint_canal(Scene& scene, const Frame& frame) {
  std::vector<Node> sac, cord;
  for (double z = -40; z <= 586; z += 12) {
    const VertebraSize v = vertebra_size(z < 176 ? 2 : z < 452 ? 10 : 19);
    const double y = frame.spine_y(z) + v.ry + v.canal - 1.5;
    sac.push_back({{0, y, z}, v.canal - (z < 0 ? 4 : 2)});
    if (z > 155) cord.push_back({{0, y, z}, z > 430 ? 5.6 : 4.6});
  }
  scene.paint(Tissue::SpinalFluid, Label::Background, capsules(sac),
              ~set_of(Tissue::Air, Tissue::WhiteMatter, Tissue::GreyMatter));
  scene.paint(Tissue::WhiteMatter, Label::SpinalCord, capsules(cord), set_of(Tissue::SpinalFluid));
}

void paint_back_muscles(Scene& scene, const Frame& frame, const Build& build) {
  // Erector spinae on both sides of the spinous processes, in the lower back and the neck.
  for (const int side : kSides) {
    std::vector<Section> group;
    for (double z = -70; z <= 560; z += 30) {
      const double bulk = build.muscle * (z < 200 ? 1.0 : z < 440 ? 0.72 : 0.8);
      const double y = frame.spine_y(z) + (z < 440 ? 46 : 32);
      group.push_back({z, side * (27 * bulk + 3), y, 25 * bulk, 19 * bulk, 0.2});
    }
    scene.paint(Tissue::Muscle, Label::Background, intersect(column(group), grow(frame.wall, -1)), set_of(Tissue::Fat));
  }
}

struct RibPath {
  std::vector<Node> bone, cartilage;
};

RibPath rib_path(const Frame& frame, int rib, int side, double slope) {
  const double z0 = vertebra_z(17 - rib) + 6, y0 = frame.spine_y(z0);
  // How far round the chest the bone reaches; the floating ribs end in the flank.
  const double end = rib <= 7 ? 2.55 - 0.03 * rib : rib <= 10 ? 2.25 - 0.12 * (rib - 7) : 1.35 - 0.3 * (rib - 11);
  const double start = rib <= 2 ? 0.75 : 0.42, drop = slope * (rib <= 1 ? 26 : rib <= 3 ? 48 : 66);
  RibPath path;
  path.bone.push_back({{side * 19.0, y0 + 8, z0}, 5});
  path.bone.push_back({{side * 32.0, y0 + 22, z0}, 5});
  const int steps = 9;
  for (int i = 0; i <= steps; ++i) {
    const double f = static_cast<double>(i) / steps, angle = start + f * (end - start);
    const double fall = drop * std::min(1.0, angle / 2.5) * (0.6 + 0.4 * f);
    Vector3 at = frame.on_chest(angle, std::max(z0 - fall, 60.0), 4.5);
    at[0] *= side;
    path.bone.push_back({at, 5.2 - 0.8 * f});
  }
  if (rib <= 10) {
    const Node tip = path.bone.back();
    const double z_sternum = rib <= 7 ? 425.0 - 16 * rib : 305;
    path.cartilage.push_back(tip);
    const double z_mid = 0.5 * (tip.at[2] + z_sternum) - 6;
    Vector3 middle = frame.on_chest(rib <= 7 ? 2.85 : 2.7, z_mid, 4.5);
    Vector3 meet = frame.on_chest(2.98, z_sternum, 5);
    middle[0] *= side;
    meet[0] *= side;
    path.cartilage.push_back({middle, 5});
    path.cartilage.push_back({meet, 5});
  }
  return path;
}

void paint_shoulder_girdle(Scene& scene, const Build& build) {
  const TissueSet soft = set_of(Tissue::Muscle, Tissue::Fat);
  for (const int side : kSides) {
    // Blade, its spine and the clavicle; the muscles either side keep fat off the blade.
    const Shape blade = ellipsoid({side * 100.0, 80, 372}, {46, 4.2, 64}, {0, side * -8.0, side * -36.0});
    scene.paint(Tissue::Muscle, Label::Background, grow(blade, 9 * build.muscle), set_of(Tissue::Fat));
    paint_bone(scene, Label::Bone, blade, 2.2, soft);
    paint_bone(scene, Label::Bone,
               spline({{{side * 72.0, 92, 398}, 4}, {{side * 105.0, 84, 415}, 4.5}, {{side * 140.0, 52, 432}, 6}}), 2.2,
               soft);
    paint_bone(scene, Label::Bone, spline({{{side * 134.0, 46, 392}, 9}, {{side * 138.0, 40, 415}, 11}}), 2.2, soft);
    paint_bone(scene, Label::Bone,
               spline({{{side * 17.0, -46, 432}, 8},
                       {{side * 50.0, -44, 440}, 6},
                       {{side * 90.0, -18, 448}, 5.5},
                       {{side * 132.0, 22, 446}, 6}}),
               2.4, set_of(Tissue::Muscle, Tissue::Fat));
  }
}

}  // namespace

void paint_spine(Scene& scene, const Frame& frame, const Build& build) {
  Random random(mix_seed(build.seed, kSpineStream));
  paint_back_muscles(scene, frame, build);
  for (int level = 0; level + 1 < kVertebrae; ++level) {  // discs, and the one below L5
    const VertebraSize v = vertebra_size(level);
    const double low = level == 0 ? 0 : vertebra_z(level - 1), high = vertebra_z(level);
    const double ym = frame.spine_y(0.5 * (low + high));
    scene.paint(Tissue::Cartilage, Label::Background,
                column({{low, 0, ym, v.rx * 0.96, v.ry * 0.96, 0.2}, {high, 0, ym, v.rx * 0.96, v.ry * 0.96, 0.2}}));
  }
  for (int level = 0; level + 1 < kVertebrae; ++level) paint_vertebra(scene, frame, level);
  // Axis with its dens, and the ring of the atlas.
  const double y = frame.spine_y(560);
  paint_vertebra(scene, frame, kVertebrae - 1);
  paint_bone(scene, Label::Vertebra, {{{0, y - 3, 556}, 6}, {{0, y - 5, 574}, 5}}, 1.8);
  const Shape atlas = subtract(column({{560, 0, y + 10, 27, 23, 0.1}, {573, 0, y + 10, 27, 23, 0.1}}),
                               column({{550, 0, y + 10, 17, 19, 0.1}, {585, 0, y + 10, 17, 19, 0.1}}));
  paint_bone(scene, Label::Vertebra, atlas, 1.8);
  for (const int side : kSides)
    paint_bone(scene, Label::Vertebra, {{{side * 22.0, y + 6, 567}, 8}, {{side * 36.0, y + 8, 567}, 5}}, 1.8);
  paint_canal(scene, frame);
  // Degenerative spurs of some.
  for (int level = 0; level < 12; ++level)
    if (random.chance(0.15)) {
      const double z = vertebra_z(level) + 0.5 * vertebra_height_mm(level);
      const double side = random.chance(0.5) ? 1 : -1;
      scene.paint(
          Tissue::CorticalBone, Label::Vertebra,
          ellipsoid({side * random.uniform(8, 20), frame.spine_y(z) - vertebra_size(level).ry * 0.85, z}, {7, 3.5, 4}));
    }
}

void paint_rib_cage(Scene& scene, const Frame& frame, const Build& build) {
  Random random(mix_seed(build.seed, kRibStream));
  const double slope = random.uniform(0.85, 1.15);
  const TissueSet wall = ~set_of(Tissue::Air, Tissue::CouchShell);
  std::vector<Section> sternum;
  for (double z = 300; z <= 432; z += 11) {
    const double wide = z < 318 ? 9 : z < 385 ? 17 : 17 + 0.3 * (z - 385);
    sternum.push_back({z, 0, frame.on_chest(kPi, z, 5)[1], wide, 5.5, 0.5});
  }
  for (int rib = 1; rib <= 12; ++rib)
    for (const int side : kSides) {
      const RibPath path = rib_path(frame, rib, side, slope);
      if (!path.cartilage.empty())
        scene.paint(Tissue::Cartilage, Label::Background, capsules(spline(path.cartilage)), wall);
      paint_bone(scene, Label::Bone, spline(path.bone, 3), 2.0, wall);
    }
  paint_bone(scene, Label::Bone, column(sternum), 1.8, wall);
  paint_shoulder_girdle(scene, build);
}

}  // namespace ctforge::io::phantom
