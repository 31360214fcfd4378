// Throat and larynx, tongue, salivary glands, thyroid and the muscles of the neck.
#include "io/phantom/phantom_frame.h"

namespace ctforge::io::phantom {

namespace {

constexpr std::uint64_t kNeckStream = 12;

void paint_throat(Scene& scene, Random& random) {
  // Tongue and floor of the mouth.
  scene.paint(Tissue::Muscle, Label::Background, ellipsoid({0, -46, 545}, {32, 32, 20}));
  scene.paint(Tissue::Fat, Label::Background, box({0, -50, 538}, {1.2, 20, 10}), set_of(Tissue::Muscle));
  if (random.chance(0.5))
    scene.paint(Tissue::Air, Label::Airway, ellipsoid({0, -52, 562}, {20, 20, 2.5}), set_of(Tissue::Muscle));
  const double w = random.uniform(0.8, 1.25);
  const std::vector<Shape> pharynx = {ellipsoid({0, -20, 585}, {12 * w, 9, 18}),
                                      ellipsoid({0, -12, 560}, {11 * w, 7, 20}),
                                      ellipsoid({0, -14, 535}, {13 * w, 7.5, 18}),
                                      ellipsoid({0, -18, 515}, {12 * w, 8, 14}), ellipsoid({0, -20, 500}, {4, 10, 12})};
  for (const Shape& part : pharynx) scene.paint(Tissue::Muscle, Label::Background, grow(part, 4), set_of(Tissue::Fat));
  for (const Shape& part : pharynx)
    scene.paint(Tissue::Air, Label::Airway, part, ~set_of(Tissue::CorticalBone, Tissue::TrabecularBone, Tissue::Tooth));
  scene.paint(Tissue::Muscle, Label::Background, ellipsoid({0, -8, 574}, {5, 3, 8}), set_of(Tissue::Air));  // uvula
  // Hyoid bone, thyroid and cricoid cartilage.
  scene.paint(Tissue::CorticalBone, Label::Bone,
              capsules(spline({{{22, -14, 520}, 2.2},
                               {{14, -36, 516}, 3},
                               {{0, -42, 515}, 3.5},
                               {{-14, -36, 516}, 3},
                               {{-22, -14, 520}, 2.2}})));
  for (const int side : kSides)
    scene.paint(Tissue::Cartilage, Label::Background, box({side * 13.0, -28, 500}, {1.8, 16, 11}, {0, 0, side * 38.0}));
  const Shape cricoid = subtract(column({{476, 0, -18, 14, 13, 0}, {488, 0, -18, 14, 14, 0}}),
                                 column({{470, 0, -18, 10, 9.5, 0}, {495, 0, -18, 10, 9.5, 0}}));
  scene.paint(Tissue::Cartilage, Label::Background, cricoid);
}

}  // namespace

void paint_neck(Scene& scene, const Frame& frame, const Build& build) {
  Random random(mix_seed(build.seed, kNeckStream));
  const double m = build.muscle;
  const TissueSet soft = set_of(Tissue::Muscle, Tissue::Fat);
  // Fat between the layers of the neck; the muscles are painted into it.
  scene.paint(Tissue::Fat, Label::Background,
              column({{455, 0, 0, 52, 40, 0}, {490, 0, 0, 50, 46, 0}, {540, 0, 4, 56, 44, 0}, {572, 0, 8, 58, 40, 0}}),
              set_of(Tissue::Muscle));
  for (const int side : kSides) {
    scene.paint(Tissue::Muscle, Label::Background,  // sternocleidomastoid
                capsules(spline({{{side * 60.0, 28, 572}, 8 * m},
                                 {{side * 54.0, 12, 535}, 10 * m},
                                 {{side * 42.0, -16, 490}, 9 * m},
                                 {{side * 20.0, -38, 440}, 6 * m}})),
                soft);
    scene.paint(Tissue::Muscle, Label::Background,  // trapezius
                capsules(spline({{{side * 12.0, 64, 570}, 6 * m},
                                 {{side * 26.0, 56, 520}, 8 * m},
                                 {{side * 46.0, 46, 480}, 9 * m},
                                 {{side * 90.0, 45, 455}, 9 * m}})),
                soft);
    scene.paint(Tissue::Muscle, Label::Background,  // prevertebral and scalene muscles
                capsules(spline({{{side * 9.0, 0, 560}, 6},
                                 {{side * 11.0, -2, 510}, 7},
                                 {{side * 26.0, 10, 470}, 9},
                                 {{side * 34.0, 10, 445}, 8}})),
                soft);
    scene.paint(Tissue::Muscle, Label::Background, ellipsoid({side * 57.0, -16, 558}, {8 * m, 18, 28}),
                soft);  // masseter
    scene.paint(Tissue::Muscle, Label::Background, ellipsoid({side * 38.0, -14, 566}, {7 * m, 15, 22}),
                soft);  // medial pterygoid
    scene.paint(Tissue::Muscle, Label::Background, ellipsoid({side * 64.0, -28, 622}, {6, 24, 26}),
                soft);  // temporalis
    const double s = random.uniform(0.88, 1.12);
    scene.paint(Tissue::Gland, Label::Parotid,
                wobble(ellipsoid({side * 60.0, 8, 562}, {11 * s, 17 * s, 24 * s}, {0, 0, side * -12.0}), 2, 18,
                       mix_seed(build.seed, kNeckStream + 2)),
                soft);
    scene.paint(Tissue::Gland, Label::Background,
                ellipsoid({side * 36.0, -24, 528}, {10 * s, 15 * s, 11 * s}, {0, 0, side * -20.0}), soft);
    scene.paint(Tissue::Thyroid, Label::Background, ellipsoid({side * 17.0, -16, 468}, {8 * s, 10 * s, 22 * s}), soft);
  }
  scene.paint(Tissue::Thyroid, Label::Background, ellipsoid({0, -26, 462}, {12, 4, 6}), soft);
  paint_throat(scene, random);
  static_cast<void>(frame);
}

}  // namespace ctforge::io::phantom
