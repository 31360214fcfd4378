// What the phantom is made of: tissues and materials with their CT numbers, and the labels of its exact masks.
#pragma once

#include "io/file/random.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ctforge::io::phantom {

enum class Tissue : std::uint8_t {
  Air,  // outside, and gas in airways, sinuses and bowel
  Lung,
  Fat,
  Muscle,
  Blood,  // vessels and heart chambers
  Myocardium,
  Liver,
  Spleen,
  KidneyCortex,
  KidneyMedulla,
  Pancreas,
  BowelWall,
  BowelContent,
  Stool,
  Urine,  // bladder, renal pelvis, bile
  GreyMatter,
  WhiteMatter,
  SpinalFluid,
  Eye,
  Gland,  // parotid and submandibular
  Thyroid,
  Cartilage,  // costal and laryngeal cartilage, intervertebral discs
  TrabecularBone,
  CorticalBone,
  Tooth,
  ContrastAgent,  // iodine in opacified vessels and heart chambers
  Lesion,
  Implant,
  CouchShell,
  CouchCore,
  Count
};

inline constexpr std::size_t kTissueCount = static_cast<std::size_t>(Tissue::Count);

// CT numbers at 120 kV.
struct TissueProperties {
  std::string_view name;
  double mean_hu;         // over patients
  double spread_hu;       // standard deviation of a patient's mean over patients
  double texture_hu;      // standard deviation within one patient, before noise
  double enhancement_hu;  // what a portal-venous dose of iodine adds
  std::string_view source;
};

const TissueProperties& tissue_properties(Tissue tissue);

// Mean HU of every tissue in one patient: the table's means and spreads, iodine added when contrast_enhanced, bone
// scaled by bone_density (1 is the table's mean).
using TissueHu = std::array<float, kTissueCount>;
TissueHu draw_tissue_hu(Random& random, bool contrast_enhanced, double bone_density);

// Values of the label maps.
enum class Label : std::uint8_t {
  Background,
  Brain,
  SpinalCord,
  Mandible,
  Parotid,
  Airway,
  Lung,
  Heart,
  Aorta,
  Liver,
  Spleen,
  Kidney,
  Bladder,
  Vertebra,
  Bone,
  Lesion,
  Implant,
  Count
};

inline constexpr std::size_t kLabelCount = static_cast<std::size_t>(Label::Count);
std::string_view label_name(Label label);

// A set of tissues, for "paint only over these".
using TissueSet = std::uint64_t;
constexpr TissueSet set_of(Tissue tissue) { return TissueSet{1} << static_cast<unsigned>(tissue); }
template <class... Rest>
constexpr TissueSet set_of(Tissue first, Rest... rest) {
  return set_of(first) | set_of(rest...);
}
inline constexpr TissueSet kAnyTissue = ~TissueSet{0};

}  // namespace ctforge::io::phantom
