// Liver, gallbladder, spleen, stomach, pancreas, kidneys, psoas, small bowel and colon.
#include "io/phantom/phantom_frame.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace ctforge::io::phantom {

namespace {

constexpr std::uint64_t kAbdomenStream = 7, kBowelStream = 8, kColonStream = 9;

// Bowel moves freely among fat and its own kind, never through an organ.
constexpr TissueSet kLoose = set_of(Tissue::Fat, Tissue::BowelWall, Tissue::BowelContent);

Vector3 moved(Vector3 at, Random& random, double by_mm) {
  for (double& value : at) value += std::clamp(random.normal(0, by_mm), -2 * by_mm, 2 * by_mm);
  return at;
}

void paint_liver(Scene& scene, const Frame& frame, const Build& build, Random& random) {
  const double s = random.uniform(0.92, 1.08), tip = random.uniform(-12, 14), b = frame.breath_mm;
  // Right lobe, tapering downwards, and the left lobe in front of the stomach.
  Shape mass = blend(ellipsoid({-72, 6, 214 + b}, {76 * s, 92 * s, 92 + tip}, {0, 14, 0}),
                     ellipsoid({8, -48, 236 + b}, {86 * s, 46 * s, 40 * s}, {0, -14, 14}), 24);
  mass = subtract(std::move(mass), ellipsoid({18, 44, 200 + b}, {62, 78, 120}));  // leaves room for the spine and crura
  mass = subtract(std::move(mass), ellipsoid({-8, -18, 168 + b}, {30, 34, 38}));  // porta hepatis
  mass = wobble(std::move(mass), 4, 70, mix_seed(build.seed, kAbdomenStream + 300));
  const Shape liver = intersect(std::move(mass), grow(frame.cavity, -0.8));
  scene.paint(Tissue::Liver, Label::Liver, liver, ~set_of(Tissue::Lung, Tissue::Air));
  const TissueSet only = set_of(Tissue::Liver);
  scene.paint(Tissue::Fat, Label::Background, box({10, -62, 205 + b}, {1.4, 34, 34}, {0, 0, -8}),
              only);  // falciform fissure
  const Tissue blood = vessel(build);
  // Portal vein and its branches, hepatic veins towards the inferior vena cava.
  const auto branch = [&](const std::vector<Node>& nodes) {
    scene.paint(blood, Label::Liver, capsules(spline(nodes)), only);
  };
  branch({{{-18, -14, 190 + b}, 7}, {{-42, -8, 205 + b}, 6}, {{-78, 4, 216 + b}, 4}, {{-108, 18, 222 + b}, 2}});
  branch({{{-42, -8, 205 + b}, 5}, {{-74, -30, 195 + b}, 3.5}, {{-100, -44, 186 + b}, 1.8}});
  branch({{{-18, -14, 190 + b}, 5}, {{4, -38, 212 + b}, 4}, {{34, -52, 226 + b}, 2.2}});
  branch({{{-25, -4, 252 + b}, 6}, {{-60, 4, 246 + b}, 5}, {{-100, 24, 232 + b}, 2.5}});
  branch({{{-25, -4, 252 + b}, 5}, {{-46, -34, 242 + b}, 4}, {{-66, -62, 226 + b}, 2}});
  branch({{{-25, -4, 252 + b}, 5}, {{0, -30, 246 + b}, 4}, {{26, -48, 240 + b}, 2}});
  scene.paint(blood, Label::Background,
              capsules(spline({{{-8, -12, 150}, 6.5}, {{-14, -14, 175 + b}, 6.5}, {{-18, -14, 190 + b}, 7}})), kLoose);
  if (random.chance(0.85)) {
    const Shape bladder = ellipsoid(moved({-44, -52, 158 + b}, random, 4), {14, 17, 25}, {20, 0, 0});
    scene.paint(Tissue::BowelWall, Label::Background, bladder);
    scene.paint(Tissue::Urine, Label::Background, grow(bladder, -2));
  }
}

void paint_spleen_and_stomach(Scene& scene, const Frame& frame, const Build& build, Random& random) {
  const double s = random.uniform(0.85, 1.15), b = 0.8 * frame.breath_mm;
  const Shape room = grow(frame.cavity, -3);
  const std::vector<Node> way = spline({{{58, 22, 250 + b}, 32},
                                        {{62, 0, 222 + b}, 33},
                                        {{54, -30, 190 + b}, 27},
                                        {{28, -48, 168 + b}, 20},
                                        {{-2, -46, 164 + b}, 15},
                                        {{-26, -34, 168 + b}, 12}});
  std::vector<Node> inner = way;
  const double filling = random.uniform(0.75, 1.0);
  for (Node& node : inner) node.radius_mm = node.radius_mm * filling - 4;
  std::vector<Node> outer = inner;
  for (Node& node : outer) node.radius_mm += 4.5;
  const Shape stomach = intersect(wobble(tube(outer), 3, 50, mix_seed(build.seed, kAbdomenStream + 301)), room);
  const Shape spleen =
      subtract(intersect(ellipsoid(moved({96, 44, 222 + b}, random, 3), {40 * s, 52 * s, 54 * s}, {14, 0, 22}), room),
               grow(stomach, 2));
  scene.paint(Tissue::Spleen, Label::Spleen, spleen, kLoose | set_of(Tissue::Muscle));
  scene.paint(Tissue::BowelWall, Label::Background, stomach, kLoose);
  const Shape content = tube(inner);
  scene.paint(Tissue::BowelContent, Label::Background, content, set_of(Tissue::BowelWall));
  // Supine: gas gathers at the front above a fluid level.
  const double level = random.uniform(-34, -8);
  Shape gas = content;
  gas.distance_mm = [f = content.distance_mm, level](const Vector3& p) { return std::max(f(p), p[1] - level); };
  gas.bounds.high[1] = level;
  scene.paint(Tissue::Air, Label::Background, gas, set_of(Tissue::BowelContent));
}

void paint_kidney(Scene& scene, const Build& build, int side, Random& random) {
  const double s = random.uniform(0.9, 1.1), z = (side > 0 ? 150 : 138) + random.normal(0, 5);
  const Vector3 at = moved({side * 63.0, 42, z}, random, 2);
  const Vector3 turn = {8, side * -9.0, side * -22.0};
  const Shape whole =
      wobble(ellipsoid(at, {27 * s, 29 * s, 56 * s}, turn), 2, 30, mix_seed(build.seed, kAbdomenStream + 310 + side));
  // Perirenal fat first, so that no muscle plane touches the capsule; liver and spleen come close to it.
  scene.paint(Tissue::Fat, Label::Background, grow(whole, 6 + 0.25 * build.belly_mm),
              set_of(Tissue::Muscle, Tissue::BowelWall));
  scene.paint(Tissue::Fat, Label::Background, grow(whole, 2), set_of(Tissue::Liver, Tissue::Spleen));
  scene.paint(Tissue::KidneyCortex, Label::Kidney, whole);
  const TissueSet kidney = set_of(Tissue::KidneyCortex, Tissue::KidneyMedulla);
  for (int i = 0; i < 9; ++i) {  // pyramids in a fan round the sinus
    const double up = (i % 5 - 2) * 17.0 * s, turnwise = (i < 5 ? 1 : -1) * 11.0;
    scene.paint(Tissue::KidneyMedulla, Label::Kidney,
                ellipsoid({at[0] + side * 7.0, at[1] + turnwise, at[2] + up}, {8.5, 7.5, 7}),
                set_of(Tissue::KidneyCortex));
  }
  scene.paint(Tissue::Fat, Label::Background,
              ellipsoid({at[0] - side * 10.0, at[1] - 5, at[2]}, {13 * s, 7.5 * s, 22 * s}, turn), kidney);
  scene.paint(Tissue::Urine, Label::Background, ellipsoid({at[0] - side * 13.0, at[1] - 5, at[2] - 2}, {10, 4.5, 9}),
              set_of(Tissue::Fat) | kidney);
  if (random.chance(0.25)) {  // a simple cyst
    const double r = random.uniform(5, 14);
    scene.paint(
        Tissue::Urine, Label::Background,
        ellipsoid({at[0] + side * 22.0, at[1] + random.uniform(-12, 12), at[2] + random.uniform(-35, 35)}, {r, r, r}),
        kidney | set_of(Tissue::Fat));
  }
}

void paint_psoas(Scene& scene, const Frame& frame, const Build& build) {
  const double m = build.muscle;
  for (const int side : kSides) {
    scene.paint(Tissue::Muscle, Label::Background,
                capsules(spline({{{side * 26.0, frame.spine_y(175), 175}, 8 * m},
                                 {{side * 36.0, frame.spine_y(120) + 2, 120}, 15 * m},
                                 {{side * 42.0, frame.spine_y(60) - 2, 60}, 19 * m},
                                 {{side * 54.0, 14, 0}, 20 * m},
                                 {{side * 72.0, -14, -50}, 19 * m},
                                 {{side * 84.0, -22, -95}, 17 * m}})),
                set_of(Tissue::Fat));
    scene.paint(
        Tissue::Muscle, Label::Background,  // quadratus lumborum
        capsules(spline(
            {{{side * 62.0, 58, 165}, 9 * m}, {{side * 70.0, 58, 100}, 12 * m}, {{side * 76.0, 58, 50}, 13 * m}})),
        set_of(Tissue::Fat));
    scene.paint(Tissue::Muscle, Label::Background,  // crura of the diaphragm
                capsules(spline({{{side * 13.0, frame.spine_y(120) - 20, 120}, 4},
                                 {{side * 16.0, frame.spine_y(190) - 18, 190}, 6},
                                 {{side * 20.0, frame.spine_y(235) - 14, 235}, 5}})),
                set_of(Tissue::Fat));
  }
}

void paint_small_bowel(Scene& scene, const Frame& frame, const Build& build) {
  Random random(mix_seed(build.seed, kBowelStream));
  const Shape room = grow(frame.cavity, -4);
  const double front = -46 - 0.7 * build.belly_mm;
  // Loops wander through the room in front of the great vessels.
  Vector3 at = {40, -30, 120};
  Vector3 heading = {0.6, 0, -0.4};
  std::vector<Node> run;
  for (int step = 0; step < 290; ++step) {
    for (double& value : heading) value = 0.72 * value + random.normal(0, 0.5);
    const Vector3 centre = {0, 0.5 * front, 60};
    const Vector3 reach = {84, 0.5 * std::abs(front) + 24, 106};
    for (int axis = 0; axis < 3; ++axis) {
      const double out = (at[axis] - centre[axis]) / reach[axis];
      if (std::abs(out) > 0.8) heading[axis] -= 0.9 * out;
    }
    const double norm = std::sqrt(dot(heading, heading));
    for (int axis = 0; axis < 3; ++axis) at[axis] += 17 * heading[axis] / norm;
    run.push_back({at, random.uniform(9, 13)});
  }
  const std::vector<Node> smooth = spline(run, 2);
  std::vector<Node> inner = smooth;
  for (Node& node : inner) node.radius_mm -= 3;
  const std::vector<Shape> walls = capsules(smooth), lumen = capsules(inner);
  for (std::size_t i = 0; i < walls.size(); ++i) {
    scene.paint(Tissue::BowelWall, Label::Background, intersect(walls[i], room), kLoose);
    const bool gas = smooth_noise({static_cast<double>(i), 0, 0}, 30, mix_seed(build.seed, kBowelStream + 1)) > 0.55;
    scene.paint(gas ? Tissue::Air : Tissue::BowelContent, Label::Background, intersect(lumen[i], room),
                set_of(Tissue::BowelWall));
  }
}

void paint_colon(Scene& scene, const Frame& frame, const Build& build) {
  Random random(mix_seed(build.seed, kColonStream));
  const double front = -58 - 0.75 * build.belly_mm, sag = random.uniform(85, 135);
  const std::vector<Node> path = spline({{{-78, 2, -2}, 22},
                                         {{-88, 12, 35}, 22},
                                         {{-92, 20, 80}, 20},
                                         {{-86, 6, 122}, 19},
                                         {{-58, front + 6, sag + 10}, 18},
                                         {{0, front, sag - 6}, 17},
                                         {{52, front + 8, sag + 20}, 17},
                                         {{92, -12, 168}, 17},
                                         {{101, 28, 172}, 16},
                                         {{98, 34, 120}, 15},
                                         {{95, 30, 60}, 14},
                                         {{88, 16, 15}, 14},
                                         {{74, -14, -22}, 14},
                                         {{42, -18, -36}, 14},
                                         {{10, 4, -40}, 14},
                                         {{-12, 26, -44}, 15},
                                         {{0, 42, -58}, 16}},
                                        6);
  const Shape room = grow(frame.cavity, -3);
  std::vector<Node> outer = path, inner = path;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const double haustra = 1 + 0.13 * std::sin(1.6 * static_cast<double>(i));
    outer[i].radius_mm *= haustra;
    inner[i].radius_mm = outer[i].radius_mm - 3;
  }
  const std::vector<Shape> walls = capsules(outer), lumen = capsules(inner);
  for (const Shape& wall : walls) scene.paint(Tissue::BowelWall, Label::Background, intersect(wall, room), kLoose);
  // Stool, with gas bubbles in front of it.
  const std::uint64_t seed = mix_seed(build.seed, kColonStream + 1);
  for (std::size_t i = 0; i < lumen.size(); ++i) {
    scene.paint(Tissue::Stool, Label::Background, intersect(lumen[i], room), set_of(Tissue::BowelWall));
    Shape gas = grow(intersect(lumen[i], room), -1);
    const double y = path[i].at[1] + (smooth_noise({0, static_cast<double>(i), 0}, 24, seed) < 0 ? -4 : 6);
    gas.distance_mm = [f = gas.distance_mm, y, seed](const Vector3& p) {
      return std::max(f(p), p[1] - y + 6 * smooth_noise(p, 14, seed));
    };
    scene.paint(Tissue::Air, Label::Background, gas, set_of(Tissue::Stool));
  }
}

}  // namespace

void paint_abdomen(Scene& scene, const Frame& frame, const Build& build) {
  Random random(mix_seed(build.seed, kAbdomenStream));
  scene.paint(Tissue::Fat, Label::Background, frame.cavity);
  paint_psoas(scene, frame, build);
  for (const int side : kSides) {  // rectus muscle stays a band at the front
    std::vector<Section> rectus;
    for (double z = -110; z <= 290; z += 40)
      rectus.push_back({z, side * 30.0, -92 - (z > 20 && z < 250 ? 0.9 * build.belly_mm : 0), 27, 10, 0.4});
    scene.paint(Tissue::Muscle, Label::Background,
                intersect(subtract(column(rectus), frame.cavity), grow(frame.wall, -1)), set_of(Tissue::Fat));
  }
  paint_liver(scene, frame, build, random);
  paint_spleen_and_stomach(scene, frame, build, random);
  for (const int side : kSides) paint_kidney(scene, build, side, random);
  const double b = 0.7 * frame.breath_mm;
  const double p = random.uniform(0.85, 1.1);
  scene.paint(Tissue::Pancreas, Label::Background,
              wobble(tube(spline({{{-34, -22, 140 + b}, 14 * p},
                                  {{-20, -28, 158 + b}, 12 * p},
                                  {{8, -26, 170 + b}, 9 * p},
                                  {{40, -6, 182 + b}, 10 * p},
                                  {{74, 20, 196 + b}, 8 * p}})),
                     3, 14, mix_seed(build.seed, kAbdomenStream + 302)),
              kLoose);
  scene.paint(vessel(build), Label::Background,  // splenic vein along the pancreas
              capsules(spline({{{-8, -14, 160 + b}, 5}, {{36, 2, 180 + b}, 4.5}, {{76, 28, 204 + b}, 4}})),
              kLoose | set_of(Tissue::Pancreas));
  paint_colon(scene, frame, build);
  paint_small_bowel(scene, frame, build);
}

}  // namespace ctforge::io::phantom
