// The table against the ranges it cites, and a patient's draw from it.
#include "io/phantom/phantom_tissue.h"

#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io::phantom {
namespace {

float hu(const TissueHu& values, Tissue tissue) { return values[static_cast<std::size_t>(tissue)]; }

TEST(PhantomTissue, DrawsStayWithinPublishedRanges) {
  for (std::uint64_t patient = 0; patient < 200; ++patient) {
    Random random(patient);
    const TissueHu values = draw_tissue_hu(random, false, 1);
    // Buzug 2008, p. 475, with Lamba 2014 for fat and muscle.
    EXPECT_EQ(hu(values, Tissue::Air), -1000);
    EXPECT_GE(hu(values, Tissue::Lung), -910);
    EXPECT_LE(hu(values, Tissue::Lung), -500);
    EXPECT_GE(hu(values, Tissue::Fat), -115);
    EXPECT_LE(hu(values, Tissue::Fat), -50);
    EXPECT_GE(hu(values, Tissue::Liver), 40);
    EXPECT_LE(hu(values, Tissue::Liver), 75);
    EXPECT_GE(hu(values, Tissue::Spleen), 35);
    EXPECT_LE(hu(values, Tissue::Spleen), 60);
    EXPECT_GE(hu(values, Tissue::KidneyCortex), 20);
    EXPECT_LE(hu(values, Tissue::KidneyCortex), 40);
    EXPECT_GE(hu(values, Tissue::CorticalBone), 700);
    EXPECT_LE(hu(values, Tissue::CorticalBone), 3000);
    EXPECT_GT(hu(values, Tissue::GreyMatter), hu(values, Tissue::SpinalFluid));
  }
}

TEST(PhantomTissue, ContrastAgentEnhancesVesselsAndKidneysAboveMuscle) {
  Random plain(3), enhanced(3);
  const TissueHu before = draw_tissue_hu(plain, false, 1), after = draw_tissue_hu(enhanced, true, 1);
  EXPECT_GT(hu(after, Tissue::ContrastAgent), hu(before, Tissue::ContrastAgent) + 90);
  EXPECT_GT(hu(after, Tissue::KidneyCortex), hu(after, Tissue::Liver));
  EXPECT_EQ(hu(after, Tissue::Urine), hu(before, Tissue::Urine));
  EXPECT_LT(hu(after, Tissue::Muscle) - hu(before, Tissue::Muscle), 15);
}

TEST(PhantomTissue, BoneDensityScalesTrabecularBone) {
  Random a(5), b(5);
  EXPECT_NEAR(hu(draw_tissue_hu(a, false, 0.6), Tissue::TrabecularBone),
              0.6F * hu(draw_tissue_hu(b, false, 1), Tissue::TrabecularBone), 0.01);
}

TEST(PhantomTissue, EveryClassHasASourceAndANameOfItsOwn) {
  std::set<std::string_view> names, labels;
  for (std::size_t i = 0; i < kTissueCount; ++i) {
    const TissueProperties& properties = tissue_properties(static_cast<Tissue>(i));
    EXPECT_FALSE(properties.source.empty());
    names.insert(properties.name);
  }
  EXPECT_GE(names.size(), 12U);
  EXPECT_EQ(names.size(), kTissueCount);
  for (std::size_t i = 0; i < kLabelCount; ++i) labels.insert(label_name(static_cast<Label>(i)));
  EXPECT_EQ(labels.size(), kLabelCount);
  EXPECT_THROW(tissue_properties(Tissue::Count), std::invalid_argument);
  EXPECT_THROW(label_name(Label::Count), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io::phantom
