// Body wall, lungs with their vessels and airways, heart, great vessels and mediastinum.
#include "io/phantom/phantom_frame.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ctforge::io::phantom {

namespace {

constexpr std::uint64_t kChestStream = 2, kTreeStream = 3, kVesselStream = 4;

struct Tree {
  Scene& scene;
  Random& random;
  Tissue tissue;
  double taper;
};

// Branches leave the hilum for the periphery, halving their cross-section at every fork (Murray's law, exponent 2.5).
void grow_branch(const Tree& tree, Vector3 from, Vector3 direction, double radius_mm, double length_mm, int depth) {
  Vector3 to{};
  for (int axis = 0; axis < 3; ++axis) to[axis] = from[axis] + direction[axis] * length_mm;
  tree.scene.paint(tree.tissue, Label::Lung, capsules({{from, radius_mm}, {to, radius_mm * 0.9}}),
                   set_of(Tissue::Lung));
  if (depth == 0) return;
  const int forks = tree.random.chance(0.3) ? 3 : 2;
  for (int i = 0; i < forks; ++i) {
    Vector3 turned = direction;
    for (int axis = 0; axis < 3; ++axis) turned[axis] += tree.random.normal(0, 0.55);
    const double norm = std::sqrt(dot(turned, turned));
    for (double& value : turned) value /= norm;
    grow_branch(tree, to, turned, radius_mm * tree.taper, length_mm * tree.random.uniform(0.72, 0.95), depth - 1);
  }
}

void paint_lung_vessels(Scene& scene, const Build& build) {
  Random random(mix_seed(build.seed, kTreeStream));
  const Tree tree{scene, random, vessel(build), 0.74};
  for (const int side : kSides)
    for (int i = 0; i < 9; ++i) {
      // Directions spread over the outward half-space from apex to base.
      const double height = -1 + 2 * (i + random.uniform(0.2, 0.8)) / 9, turn = random.uniform(-1.3, 1.3);
      const double flat = std::sqrt(1 - height * height);
      const Vector3 direction = {side * flat * std::cos(turn), flat * std::sin(turn), height};
      grow_branch(tree, {side * 34.0, 4, 350}, direction, random.uniform(3.2, 4.6), random.uniform(26, 36), 4);
    }
}

void paint_airways(Scene& scene) {
  const std::vector<Node> trachea =
      spline({{{0, -18, 492}, 8}, {{0, -10, 460}, 8.5}, {{-1, -4, 430}, 9}, {{-2, 1, 405}, 9}, {{-2, 5, 380}, 9}});
  const std::vector<Node> right =
      spline({{{-2, 5, 382}, 8}, {{-18, 7, 366}, 7}, {{-36, 9, 350}, 5.5}, {{-46, 12, 325}, 4}});
  const std::vector<Node> left =
      spline({{{-2, 5, 382}, 8}, {{16, 8, 364}, 6.5}, {{36, 11, 350}, 5.5}, {{48, 14, 325}, 4}});
  for (const std::vector<Node>& airway : {trachea, right, left}) {
    std::vector<Node> walls = airway;
    for (Node& node : walls) node.radius_mm += 1.6;
    scene.paint(Tissue::Cartilage, Label::Background, capsules(walls));
  }
  for (const std::vector<Node>& airway : {trachea, right, left})
    scene.paint(Tissue::Air, Label::Airway, capsules(airway));
}

void paint_heart(Scene& scene, const Build& build, Random& random) {
  const double s = random.uniform(0.92, 1.12);
  const double swing = random.uniform(-8, 8), shift = random.uniform(-4, 4);
  const Vector3 turn = {0, 20, -36 + swing};
  const auto at = [&](double x, double y, double z) {
    return Vector3{x * s + shift, -32 + (y + 32) * s, 298 + (z - 298) * s};
  };
  const auto chamber = [&](const Vector3& centre, double a, double b, double c, bool turned) {
    return ellipsoid(centre, {a * s, b * s, c * s}, turned ? turn : Vector3{0, 0, swing});
  };
  const Shape whole =
      blend(chamber(at(16, -34, 296), 60, 44, 42, true), chamber(at(-12, -22, 312), 38, 34, 34, false), 20);
  scene.paint(Tissue::Fat, Label::Heart, grow(whole, 3), ~set_of(Tissue::CorticalBone));
  scene.paint(Tissue::Myocardium, Label::Heart, whole);
  const Tissue blood = vessel(build);
  scene.paint(blood, Label::Heart, chamber(at(34, -31, 288), 33, 19, 20, true));                     // left ventricle
  scene.paint(blood, Label::Heart, chamber(at(8, -57, 290), 34, 14, 24, true));                      // right ventricle
  scene.paint(blood, Label::Heart, chamber(at(6, -8, 318), 31, 16, 18, false));                      // left atrium
  scene.paint(blood, Label::Heart, chamber(at(-30, -28, 302), 19, 23, 27, false));                   // right atrium
  scene.paint(blood, Label::Heart, tube(spline({{at(20, -48, 312), 12}, {at(15, -46, 330), 12}})));  // outflow tract
  // Grooves with the coronary vessels between the chambers.
  scene.paint(Tissue::Fat, Label::Heart,
              tube(spline({{at(-22, -58, 300), 4}, {at(-14, -52, 318), 5}, {at(-6, -44, 330), 4}})));
  scene.paint(Tissue::Fat, Label::Heart,
              tube(spline({{at(40, -62, 300), 3.5}, {at(30, -64, 318), 4}, {at(26, -58, 330), 3.5}})));
  scene.paint(Tissue::Fat, Label::Heart, tube(spline({{at(44, -6, 310), 4}, {at(36, -22, 326), 4}})));
}

}  // namespace

void paint_body(Scene& scene, const Frame& frame, const Build& build) {
  const std::uint64_t seed = mix_seed(build.seed, kChestStream + 200);
  const TissueSet fat = set_of(Tissue::Fat);
  scene.paint(Tissue::Fat, Label::Background, frame.skin);
  scene.paint(Tissue::Muscle, Label::Background, grow(frame.wall, -1), fat);
  // Fat planes part the muscles: thin sheets where smooth noise crosses zero. Stretched along the body as muscles are.
  const double thickness = 0.022 + 0.0009 * build.fat_mm;
  Shape planes = frame.wall;
  planes.bounds.high[2] = 500;  // head and neck have theirs drawn one by one
  planes.distance_mm = [seed, thickness](const Vector3& p) {
    // Turned against the axes, or the lattice of the noise would show as straight lines.
    const Vector3 q = {0.79 * p[0] + 0.61 * p[1], 0.79 * p[1] - 0.61 * p[0] + 0.2 * p[2], p[2] * 0.35};
    return std::abs(smooth_noise(q, 68, seed) + 0.35 * smooth_noise({q[1], q[2], q[0]}, 40, seed + 1)) - thickness;
  };
  scene.paint(Tissue::Fat, Label::Background, planes, set_of(Tissue::Muscle));
  Shape skin = frame.skin;
  skin.distance_mm = [f = frame.skin.distance_mm](const Vector3& p) { return std::abs(f(p) + 1) - 1; };
  scene.paint(Tissue::Muscle, Label::Background, skin, fat);
}

void paint_chest(Scene& scene, const Frame& frame, const Build& build) {
  Random random(mix_seed(build.seed, kChestStream));
  // Intercostal muscle and pleura stay between rib and lung.
  scene.paint(Tissue::Muscle, Label::Background, grow(frame.chest, 6), set_of(Tissue::Fat));
  for (const int side : kSides)  // axillae
    scene.paint(Tissue::Fat, Label::Background, ellipsoid({side * 142.0, -22, 392}, {20, 30, 42}, {0, 0, side * 20.0}),
                set_of(Tissue::Muscle));
  scene.paint(Tissue::Lung, Label::Lung, grow(frame.lungs, -1));
  paint_lung_vessels(scene, build);
  // Mediastinum: between the lungs from the spine to the sternum.
  const TissueSet lung = set_of(Tissue::Lung, Tissue::Blood, Tissue::ContrastAgent);
  const double width = random.uniform(0.9, 1.1) * (1 + 0.004 * build.belly_mm);
  scene.paint(Tissue::Fat, Label::Background,
              column({{205, 4, 5, 30 * width, 46, 0.2},
                      {260, 8, -8, 36 * width, 60, 0.2},
                      {330, 6, -14, 34 * width, 62, 0.2},
                      {365, 2, -10, 38 * width, 58, 0.3},
                      {395, 2, -4, 36 * width, 48, 0.3},
                      {425, 0, 4, 33 * width, 40, 0.2},
                      {470, 0, 8, 34, 34, 0}}),
              lung);
  std::vector<Node> paravertebral;
  for (double z = 150; z <= 470; z += 20)
    paravertebral.push_back({{0, frame.spine_y(z) + 8, z}, 25 - 0.01 * (z - 150)});
  scene.paint(Tissue::Muscle, Label::Background, capsules(paravertebral), lung | set_of(Tissue::Fat));
  paint_heart(scene, build, random);
  // Oesophagus, with gas now and then.
  const std::vector<Node> gullet = spline({{{2, 6, 490}, 7},
                                           {{4, 13, 430}, 7},
                                           {{6, 17, 380}, 7},
                                           {{3, 20, 330}, 7.5},
                                           {{9, 14, 275}, 7.5},
                                           {{20, 2, 248}, 8}});
  scene.paint(Tissue::BowelWall, Label::Background, capsules(gullet));
  if (random.chance(0.5))
    scene.paint(Tissue::Air, Label::Background, ellipsoid({5, 15, random.uniform(300, 430)}, {3, 2.5, 25}));
  paint_airways(scene);
  for (const int side : kSides)  // hila
    scene.paint(vessel(build), Label::Background,
                capsules(spline({{{side * 14.0, -8, 356}, 9}, {{side * 30.0, 2, 352}, 8}, {{side * 42.0, 8, 342}, 6}})),
                ~set_of(Tissue::Air, Tissue::Cartilage));
}

void paint_vessels(Scene& scene, const Frame& frame, const Build& build) {
  Random random(mix_seed(build.seed, kVesselStream));
  const Tissue blood = vessel(build);
  const double s = random.uniform(0.9, 1.15), sway = random.uniform(-4, 4);
  const TissueSet soft = ~set_of(Tissue::Air, Tissue::Cartilage, Tissue::CorticalBone, Tissue::TrabecularBone);
  const auto paint = [&](Label label, const std::vector<Node>& nodes) {
    scene.paint(blood, label, capsules(spline(nodes)), soft);
  };
  const auto y_front = [&](double z, double gap) { return frame.spine_y(z) - gap; };
  paint(Label::Aorta, {{{6, -30, 322}, 14 * s},
                       {{-13, -36, 345}, 15 * s},
                       {{-14, -34, 368}, 15 * s},
                       {{-4, -26, 388}, 14 * s},
                       {{10, -10, 396}, 13 * s},
                       {{22, 8, 396}, 12.5 * s},
                       {{27, 22, 382}, 12.5 * s},
                       {{27, 30, 350}, 12 * s},
                       {{25, 28, 300}, 11.5 * s},
                       {{19, 22, 255}, 11 * s},
                       {{12 + sway, y_front(215, 28), 215}, 10.5 * s},
                       {{8 + sway, y_front(150, 29), 150}, 9.5 * s},
                       {{6 + sway, y_front(100, 30), 100}, 9 * s},
                       {{4, y_front(58, 29), 58}, 8.5 * s}});
  paint(Label::Background, {{{12, -46, 328}, 13},
                            {{18, -38, 348}, 13},
                            {{14, -20, 360}, 12},
                            {{-4, -12, 359}, 10},
                            {{-32, -4, 356}, 9}});  // pulmonary trunk and right artery
  paint(Label::Background, {{{16, -24, 360}, 11}, {{34, 0, 362}, 9}});
  paint(Label::Background,
        {{{-30, -26, 318}, 9}, {{-30, -22, 350}, 9}, {{-27, -26, 400}, 8}, {{-25, -22, 425}, 8}});  // SVC
  paint(Label::Background, {{{-26, -24, 408}, 7}, {{0, -34, 412}, 6.5}, {{22, -30, 424}, 6.5}, {{32, -10, 450}, 6.5}});
  paint(Label::Background, {{{-24, -8, 262}, 12},
                            {{-25, -2, 230}, 12},
                            {{-23, 2, 180}, 11},
                            {{-22, y_front(120, 26), 120}, 10},
                            {{-20, y_front(50, 24), 50}, 10}});  // inferior vena cava
  // Arch vessels and carotids to the skull base.
  paint(Label::Background, {{{-2, -22, 396}, 6.5},
                            {{-16, -12, 420}, 6},
                            {{-25, -4, 450}, 4.5},
                            {{-27, -2, 490}, 4},
                            {{-30, 0, 535}, 3.8},
                            {{-31, 2, 582}, 3}});
  paint(Label::Background, {{{10, -10, 400}, 4.5},
                            {{18, -2, 425}, 4.5},
                            {{26, -4, 455}, 4.2},
                            {{27, -2, 490}, 4},
                            {{30, 0, 535}, 3.8},
                            {{31, 2, 582}, 3}});
  paint(Label::Background, {{{22, 6, 402}, 5}, {{34, 10, 430}, 5}, {{70, 0, 446}, 4.5}, {{115, -8, 446}, 4}});
  for (const int side : kSides) {
    paint(Label::Background, {{{side * 32.0, -12, 450}, 6.5},
                              {{side * 36.0, 0, 490}, 6.5},
                              {{side * 38.0, 6, 535}, 5.5},
                              {{side * 36.0, 10, 580}, 4.5}});  // jugular vein
    paint(Label::Background, {{{side * 2.0, y_front(58, 29), 56}, 6.5},
                              {{side * 26.0, 12, 20}, 6},
                              {{side * 46.0, 18, -8}, 5.5},
                              {{side * 58.0, -14, -55}, 5},
                              {{side * 62.0, -48, -100}, 4.8},
                              {{side * 70.0, -48, -160}, 4.5}});
    paint(Label::Background, {{{side * 14.0 - 10, y_front(50, 24), 48}, 7.5},
                              {{side * 36.0, 26, 5}, 7},
                              {{side * 50.0, 12, -40}, 6.5},
                              {{side * 52.0, -38, -98}, 6},
                              {{side * 60.0, -40, -160}, 5.5}});
    paint(Label::Background, {{{side * 44.0, 26, -10}, 4.5}, {{side * 52.0, 44, -50}, 4}, {{side * 54.0, 44, -85}, 3}});
    paint(Label::Background,
          {{{side * 8.0, y_front(142, 30), 142}, 4}, {{side * 34.0, 30, 140}, 4}, {{side * 50.0, 38, 138}, 3}});
  }
}

}  // namespace ctforge::io::phantom
