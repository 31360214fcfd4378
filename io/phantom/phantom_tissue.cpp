// The table of CT numbers, with its sources, and a patient's draw from it.
//
// Sources
//   Buzug   T. M. Buzug, Computed Tomography: From Photon Statistics to Modern Cone-Beam CT, Springer 2008, p. 475
//   Prokop  M. Prokop and M. Galanski, Spiral and Multislice Computed Tomography of the Body, Thieme 2003
//   Bushberg  J. T. Bushberg et al., The Essential Physics of Medical Imaging, 3rd ed., Lippincott 2012, chapter 10
//   Lamba   R. Lamba et al., CT Hounsfield numbers of soft tissues on unenhanced abdominal CT scans, AJR 2014;203:1013
//   Jang    S. Jang et al., Normative L1 trabecular attenuation values in more than 20 000 adults, Radiology
//   2019;291:360
//           (226 +- 44 HU under 30 years, 89 +- 38 HU from 90 years, linear between)
//   Bae     K. T. Bae, Intravenous contrast medium administration and scan timing at CT, Radiology 2010;256:32
//   ICRU    ICRU Report 46, Photon, Electron, Proton and Neutron Interaction Data for Body Tissues, 1992: composition
//           and density, from which the CT number follows where no clinical range is commonly given
//   Link    T. M. Link et al., CT of metal implants: extended CT scale technique, J Comput Assist Tomogr 2000;24:165.
//   The
//           12-bit scale that most scanners store ends at 3071 HU
#include "io/phantom/phantom_tissue.h"

#include <algorithm>
#include <stdexcept>

namespace ctforge::io::phantom {

namespace {

// name, mean, spread, texture, enhancement, source
constexpr std::array<TissueProperties, kTissueCount> kTable = {{
    {"air", -1000, 0, 0, 0, "by definition of the scale"},
    {"lung", -840, 30, 22, 8, "Buzug, Prokop: -910 to -500, -850 in inspiration"},
    {"fat", -100, 6, 7, 1, "Buzug: -100 to -50; Lamba: subcutaneous about -105"},
    {"muscle", 54, 5, 9, 10, "Buzug: 10 to 60; Lamba: about 55"},
    {"blood", 45, 4, 2, 0, "Buzug: 45 to 65; Lamba: aorta about 42"},
    {"myocardium", 46, 4, 4, 60, "Prokop: 40 to 60; enhancement Bae"},
    {"liver", 58, 7, 4, 52, "Buzug: 45 to 65; Lamba: about 57; enhancement Bae"},
    {"spleen", 48, 4, 3, 65, "Buzug: 35 to 55; Lamba: about 47; enhancement Bae"},
    {"kidney cortex", 33, 3, 3, 145, "Buzug: 20 to 40; Lamba: about 31; enhancement Bae"},
    {"kidney medulla", 31, 3, 3, 95, "Buzug: 20 to 40; Lamba: about 31; enhancement Bae"},
    {"pancreas", 41, 5, 9, 55, "Prokop: 30 to 50; enhancement Bae"},
    {"bowel wall", 42, 4, 5, 45, "Prokop: as unenhanced muscle; enhancement Bae"},
    {"bowel content", 18, 9, 9, 0, "Prokop: fluid to food, 0 to 40"},
    {"stool", -20, 20, 70, 0, "Prokop: mixed with gas, -150 to 60"},
    {"urine and bile", 6, 4, 1, 0, "Prokop: 0 to 20"},
    {"grey matter", 38, 1.5, 1.5, 4, "Buzug: 37 to 45"},
    {"white matter", 28, 1.5, 1.5, 2, "Buzug: 20 to 30"},
    {"cerebrospinal fluid", 8, 2, 1, 0, "Prokop: 0 to 15"},
    {"eye", 12, 3, 1, 0, "ICRU: vitreous, density 1.01 g/cm3"},
    {"salivary gland", 12, 16, 12, 30, "Prokop: -30 to 60, by fat content"},
    {"thyroid", 105, 12, 6, 60, "Prokop: 80 to 120, from its own iodine"},
    {"cartilage", 85, 10, 8, 2, "ICRU: cartilage, density 1.10 g/cm3"},
    {"trabecular bone", 160, 12, 38, 5, "Jang: L1, 226 at 30 years to 89 at 90"},
    {"cortical bone", 1150, 90, 90, 0, "Buzug: 700 to 3000; ICRU: density 1.92 g/cm3"},
    {"tooth", 2100, 150, 120, 0, "Buzug: upper range of bone; ICRU: hydroxyapatite content"},
    {"contrast agent", 45, 4, 3, 125, "Bae: aorta and veins 150 to 200 in the portal-venous phase"},
    {"soft-tissue lesion", 36, 8, 6, 22, "Prokop: solid tumours 20 to 60, less enhancing than liver"},
    {"metal implant", 8000, 0, 0, 0, "Link: titanium about 8000, steel beyond; shown clipped at 3071"},
    {"couch shell", 60, 20, 5, 0, "carbon-fibre laminate, 1.1 to 1.5 g/cm3"},
    {"couch core", -930, 5, 4, 0, "polymer foam, 0.07 g/cm3"},
}};

constexpr std::array<std::string_view, kLabelCount> kLabels = {
    "background", "brain",  "spinal_cord", "mandible", "parotid",  "airway", "lung",   "heart",  "aorta",
    "liver",      "spleen", "kidney",      "bladder",  "vertebra", "bone",   "lesion", "implant"};

}  // namespace

const TissueProperties& tissue_properties(Tissue tissue) {
  const auto index = static_cast<std::size_t>(tissue);
  if (index >= kTissueCount) throw std::invalid_argument("no such tissue");
  return kTable[index];
}

std::string_view label_name(Label label) {
  const auto index = static_cast<std::size_t>(label);
  if (index >= kLabelCount) throw std::invalid_argument("no such label");
  return kLabels[index];
}

TissueHu draw_tissue_hu(Random& random, bool contrast_enhanced, double bone_density) {
  TissueHu hu{};
  // One timing for the whole patient: organs enhance together.
  const double phase = random.uniform(0.8, 1.2);
  for (std::size_t i = 0; i < kTissueCount; ++i) {
    const TissueProperties& properties = kTable[i];
    // Beyond two standard deviations a draw would leave the published range.
    const double deviate = std::clamp(random.normal(), -2.0, 2.0);
    double value = properties.mean_hu + properties.spread_hu * deviate;
    const auto tissue = static_cast<Tissue>(i);
    if (tissue == Tissue::TrabecularBone) value *= bone_density;
    if (tissue == Tissue::CorticalBone) value *= 0.75 + 0.25 * bone_density;
    if (contrast_enhanced) value += phase * properties.enhancement_hu;
    hu[i] = static_cast<float>(value);
  }
  return hu;
}

}  // namespace ctforge::io::phantom
