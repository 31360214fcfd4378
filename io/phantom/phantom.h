// A procedural CT phantom: patients of different build, with exact label maps. The project's data where there is no
// other.
//
// A patient is a list of painted shapes (io/phantom/phantom_frame.h) rasterised with partial volume, then imaged:
// blurred by a point spread function, given streaks where there is metal, and noise with the power spectrum of filtered
// back-projection whose level follows the body's attenuation. Everything depends on (seed, patient) alone, not on the
// number of threads.
#pragma once

#include "io/volume/volume.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ctforge::io {

enum class PhantomRegion : std::uint8_t { HeadNeck, Thorax, Abdomen, Pelvis };
inline constexpr PhantomRegion kPhantomRegions[] = {PhantomRegion::HeadNeck, PhantomRegion::Thorax,
                                                    PhantomRegion::Abdomen, PhantomRegion::Pelvis};

// "head_neck", "thorax", "abdomen", "pelvis": also the class names of a phantom cohort.
std::string_view phantom_region_name(PhantomRegion region);
// Throws std::invalid_argument for an unknown name.
PhantomRegion phantom_region_from_name(std::string_view name);

// Names of the label values, phantom_labels()[0] is "background".
std::vector<std::string> phantom_labels();

struct PhantomOptions {
  std::int64_t matrix = 128;  // rows and columns
  std::int64_t slices = 32;
  double pixel_mm = 0;   // 0: the field of view fitted to the patient
  double slice_mm = 5;   // slices touch
  double noise_hu = 14;  // at the centre of 300 mm of water; half that at the dose of a head scan
  double lesion_probability = 0.5;
  double implant_probability = 0.15;
  double contrast_probability = 0.5;
  bool couch = true;
};

struct PhantomPatient {
  Volume volume;    // axial, HU in [-1024, 3071]
  LabelMap labels;  // the tissue that fills most of each voxel, before blurring and noise
  PhantomRegion region = PhantomRegion::Thorax;
  bool has_lesions = false, has_implant = false, contrast_enhanced = false;
};

// Throws std::invalid_argument for options that make no volume. Uses all threads TBB gives.
PhantomPatient make_phantom(const PhantomOptions& options, PhantomRegion region, std::uint64_t seed,
                            std::uint64_t patient);

}  // namespace ctforge::io
