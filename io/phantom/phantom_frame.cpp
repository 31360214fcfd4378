// The body's outline, the thoracic and abdominal cavities, the spine's curve and the diaphragm.
#include "io/phantom/phantom_frame.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace ctforge::io::phantom {

namespace {

constexpr std::uint64_t kFrameStream = 1;

// How much of the subcutaneous and visceral fat shows at a height.
struct FatAt {
  double z, subcutaneous, belly;
};
constexpr std::array<FatAt, 9> kFat = {{{-420, 0.9, 0},
                                        {-170, 1.1, 0},
                                        {-60, 1.15, 0.25},
                                        {60, 1.1, 1},
                                        {150, 0.95, 1},
                                        {250, 0.7, 0.5},
                                        {400, 0.5, 0},
                                        {470, 0.35, 0},
                                        {560, 0.15, 0}}};

FatAt fat_at(double z) {
  std::size_t i = 0;
  while (i + 2 < kFat.size() && z > kFat[i + 1].z) ++i;
  const double t = std::clamp((z - kFat[i].z) / (kFat[i + 1].z - kFat[i].z), 0.0, 1.0);
  return {z, kFat[i].subcutaneous + t * (kFat[i + 1].subcutaneous - kFat[i].subcutaneous),
          kFat[i].belly + t * (kFat[i + 1].belly - kFat[i].belly)};
}

// Outer surface of the trunk's and neck's muscles in a lean patient.
const std::vector<Section> kTrunk = {
    {-185, 0, 14, 130, 80, 0.5}, {-150, 0, 12, 160, 92, 0.45}, {-100, 0, 8, 164, 98, 0.4}, {-40, 0, 6, 152, 98, 0.35},
    {20, 0, 2, 139, 94, 0.25},   {80, 0, 0, 134, 92, 0.2},     {150, 0, 0, 139, 97, 0.2},  {220, 0, 0, 146, 103, 0.2},
    {300, 0, 2, 154, 107, 0.25}, {360, 0, 6, 163, 108, 0.35},  {410, 0, 14, 166, 98, 0.4}, {440, 0, 20, 138, 80, 0.3},
    {462, 0, 17, 88, 67, 0.15},  {490, 0, 9, 60, 60, 0},       {520, 0, 6, 61, 60, 0},     {550, 0, 7, 67, 63, 0},
    {580, 0, 8, 70, 68, 0},      {612, 0, 5, 66, 72, 0}};

const std::vector<Section> kFace = {{511, 0, -58, 24, 26, 0.1}, {522, 0, -52, 40, 40, 0.2}, {540, 0, -44, 57, 50, 0.2},
                                    {565, 0, -38, 65, 56, 0.2}, {590, 0, -36, 68, 60, 0.2}, {615, 0, -36, 68, 60, 0.2},
                                    {640, 0, -30, 66, 60, 0.1}, {660, 0, -22, 58, 60, 0}};

// Inside of the muscles, abdomen and pelvis.
const std::vector<Section> kCavity = {
    {-150, 0, 30, 10, 14, 0},   {-128, 0, 22, 26, 34, 0.1}, {-100, 0, 12, 52, 60, 0.2}, {-55, 0, 8, 64, 66, 0.2},
    {-20, 0, 2, 86, 72, 0.2},   {20, 0, -6, 110, 75, 0.25}, {60, 0, -8, 113, 75, 0.25}, {100, 0, -6, 114, 77, 0.25},
    {150, 0, -3, 120, 82, 0.2}, {190, 0, 0, 124, 88, 0.2},  {200, 0, 0, 125, 89, 0.2}};

const std::vector<Section> kChest = {{150, 0, 3, 122, 88, 0.2}, {220, 0, 3, 128, 93, 0.2}, {280, 0, 3, 130, 96, 0.2},
                                     {330, 0, 5, 128, 96, 0.2}, {370, 0, 9, 121, 88, 0.2}, {400, 0, 15, 106, 74, 0.15},
                                     {425, 0, 22, 88, 57, 0.1}, {445, 0, 28, 64, 40, 0},   {460, 0, 31, 36, 22, 0}};

// The belly pushes only the front outwards: centre forwards by half, radius up by half.
std::vector<Section> shaped(std::vector<Section> sections, const Build& build, double fat_share, double wall_mm) {
  for (Section& s : sections) {
    const FatAt fat = fat_at(s.z);
    const double belly = build.belly_mm * fat.belly, layer = fat_share * build.fat_mm * fat.subcutaneous;
    s.y0 -= 0.5 * belly;
    s.ry += 0.5 * belly + layer * 0.85 + wall_mm;
    s.rx += 0.25 * belly + layer + wall_mm;
  }
  return sections;
}

Shape head_outline(double layer_mm) {
  const Shape cranium = ellipsoid({0, 0, 640}, {77 + layer_mm, 97 + layer_mm, 92 + layer_mm}, {-6, 0, 0});
  Shape face = column(kFace);
  if (layer_mm > 0) face = grow(face, layer_mm);
  const Shape nose = tube({{{0, -93, 606}, 5.0 + layer_mm}, {{0, -105, 580}, 10.0 + layer_mm}});
  return blend(blend(cranium, face, 14), nose, 8);
}

Shape outline(const Build& build, bool with_fat) {
  const double share = with_fat ? 1 : 0;
  const double wall = 10 * (build.muscle - 1);
  const Shape trunk = column(shaped(kTrunk, build, share, wall));
  const Shape head = head_outline(with_fat ? 1.5 + 0.05 * build.fat_mm : 0);
  std::vector<Shape> legs;
  for (const int side : kSides) {
    const std::vector<Section> leg = {{-420, side * 82.0, 8, 62, 66, 0},
                                      {-300, side * 86.0, 8, 72, 76, 0},
                                      {-170, side * 88.0, 10, 80, 88, 0.1},
                                      {-120, side * 86.0, 10, 78, 88, 0.1}};
    legs.push_back(column(shaped(leg, build, 0.8 * share, wall)));
  }
  return blend(blend(trunk, unite(std::move(legs)), 20), head, 16);
}

}  // namespace

Build draw_build(std::uint64_t seed, Region region) {
  Random random(mix_seed(seed, kFrameStream));
  Build build;
  build.seed = seed;
  build.region = region;
  build.stature = std::clamp(random.normal(1.0, 0.045), 0.9, 1.1);
  // Subcutaneous and visceral fat go together, loosely; both are skewed over a population.
  const double adiposity = random.normal();
  build.fat_mm = std::clamp(16 * std::exp(0.5 * adiposity + 0.2 * random.normal()), 5.0, 45.0);
  build.belly_mm = std::clamp(12 + 12 * adiposity + 7 * random.normal(), 0.0, 45.0);
  build.muscle = std::clamp(random.normal(1.0, 0.07), 0.85, 1.15);
  build.bone_density = std::clamp(random.normal(1.0, 0.2), 0.6, 1.4);
  return build;
}

double Frame::spine_y(double z) const {
  static constexpr std::array<std::array<double, 2>, 17> kCurve = {{{-135, 66},
                                                                    {-105, 76},
                                                                    {-60, 72},
                                                                    {-20, 52},
                                                                    {0, 41},
                                                                    {40, 28},
                                                                    {90, 23},
                                                                    {150, 27},
                                                                    {220, 36},
                                                                    {300, 43},
                                                                    {360, 43},
                                                                    {410, 37},
                                                                    {450, 28},
                                                                    {490, 16},
                                                                    {530, 11},
                                                                    {560, 14},
                                                                    {600, 18}}};
  std::size_t i = 0;
  while (i + 2 < kCurve.size() && z > kCurve[i + 1][0]) ++i;
  const double t = std::clamp((z - kCurve[i][0]) / (kCurve[i + 1][0] - kCurve[i][0]), 0.0, 1.0);
  return kCurve[i][1] + t * (kCurve[i + 1][1] - kCurve[i][1]);
}

Vector3 Frame::on_chest(double angle, double z, double outwards_mm) const {
  std::size_t i = 0;
  while (i + 2 < chest_sections.size() && z > chest_sections[i + 1].z) ++i;
  const Section &a = chest_sections[i], &b = chest_sections[i + 1];
  const double t = std::clamp((z - a.z) / (b.z - a.z), 0.0, 1.0);
  const double rx = a.rx + t * (b.rx - a.rx) + outwards_mm, ry = a.ry + t * (b.ry - a.ry) + outwards_mm;
  const double s = std::sin(angle), c = std::cos(angle), k = a.squareness + t * (b.squareness - a.squareness);
  // Radial stretch q with q^2 (s^2 + c^2) - k q^4 s^2 c^2 = 1.
  const double w = k * s * s * c * c;
  const double q2 = w < 1e-9 ? 1 : (1 - std::sqrt(std::max(0.0, 1 - 4 * w))) / (2 * w);
  const double q = std::sqrt(q2);
  return {rx * q * s, a.y0 + t * (b.y0 - a.y0) + ry * q * c, z};
}

namespace {

double diaphragm(double x, double y, double breath_mm) {
  const auto dome = [&](double peak, double x0, double y0, double rx, double ry, double depth) {
    const double u = (x - x0) / rx, v = (y - y0) / ry, q = u * u + v * v;
    return peak - depth * q * std::sqrt(q);
  };
  const double right = dome(286, -62, -2, 72, 96, 95), left = dome(272, 66, -2, 70, 96, 90);
  const double centre = dome(262, 0, -35, 80, 75, 70);
  return std::max({right, left, centre, 150.0}) + breath_mm;
}

}  // namespace

double Frame::diaphragm_z(double x, double y) const { return diaphragm(x, y, breath_mm); }

Frame make_frame(const Build& build) {
  Random random(mix_seed(build.seed, kFrameStream + 100));
  Frame frame;
  frame.skin = outline(build, true);
  frame.wall = outline(build, false);
  frame.chest_sections = kChest;
  // Barrel and flat chests.
  const double depth = random.uniform(0.94, 1.03);
  for (Section& s : frame.chest_sections) s.ry *= depth;
  frame.chest = column(frame.chest_sections);

  frame.breath_mm = random.uniform(-14, 10);
  const auto dome = [breath = frame.breath_mm](double x, double y) { return diaphragm(x, y, breath); };
  frame.lungs = where(
      [chest = frame.chest.distance_mm, dome](const Vector3& p) {
        const double d = chest(p);
        return d > 0 ? d : std::max(d, 0.6 * (dome(p[0], p[1]) - p[2]));
      },
      frame.chest.bounds);
  // The lungs lie beside the spine, not behind it.
  std::vector<Section> back;
  for (double z = 140; z <= 470; z += 30) back.push_back({z, 0, frame.spine_y(z) + 46, 47, 44, 0.1});
  frame.lungs = subtract(std::move(frame.lungs), column(back));
  const Shape below = where(
      [chest = frame.chest.distance_mm, dome](const Vector3& p) {
        const double d = chest(p) + 2;
        return d > 0 ? d : std::max(d, 0.6 * (p[2] - dome(p[0], p[1]) + 4));
      },
      {frame.chest.bounds.low, {frame.chest.bounds.high[0], frame.chest.bounds.high[1], 300}});
  frame.cavity = unite({column(shaped(kCavity, build, 0, -8 * (build.muscle - 1))), below});
  return frame;
}

double vertebra_z(int level) {
  static constexpr std::array<double, kVertebrae> kZ = {18,  54,  89,  124, 159, 190, 217, 244, 269, 294, 317, 340,
                                                        362, 383, 403, 423, 443, 462, 480, 497, 513, 529, 548};
  return kZ[static_cast<std::size_t>(level)];
}

double vertebra_height_mm(int level) {
  const double above = level + 1 < kVertebrae ? vertebra_z(level + 1) : 566,
               below = level > 0 ? vertebra_z(level - 1) : -18;
  const double pitch = 0.5 * (above - below);
  return pitch * (level < 5 ? 0.73 : 0.8);
}

void paint_bone(Scene& scene, Label label, const Shape& shape, double cortex_mm, TissueSet over) {
  scene.paint(Tissue::CorticalBone, label, shape, over);
  scene.paint(Tissue::TrabecularBone, label, grow(shape, -cortex_mm), set_of(Tissue::CorticalBone));
}

void paint_bone(Scene& scene, Label label, const std::vector<Node>& nodes, double cortex_mm, TissueSet over) {
  scene.paint(Tissue::CorticalBone, label, capsules(nodes), over);
  std::vector<Node> marrow = nodes;
  for (Node& node : marrow) node.radius_mm = std::max(0.1, node.radius_mm - cortex_mm);
  scene.paint(Tissue::TrabecularBone, label, capsules(marrow), set_of(Tissue::CorticalBone));
}

Scene make_scene(const Build& build) {
  const Frame frame = make_frame(build);
  Scene scene;
  paint_body(scene, frame, build);
  paint_head(scene, frame, build);
  paint_neck(scene, frame, build);
  paint_chest(scene, frame, build);
  paint_abdomen(scene, frame, build);
  paint_pelvis(scene, frame, build);
  paint_vessels(scene, frame, build);
  paint_spine(scene, frame, build);
  paint_rib_cage(scene, frame, build);
  paint_lesions(scene, frame, build);
  paint_implants(scene, frame, build);
  return scene;
}

}  // namespace ctforge::io::phantom
