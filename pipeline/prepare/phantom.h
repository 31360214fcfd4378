// The phantom stage: a cohort of labelled CT phantoms on disk, as a hospital's archive would hold them.
#pragma once

#include "pipeline/config/fields.h"
#include "pipeline/run/context.h"

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Section `phantom`.
struct PhantomConfig {
  std::int64_t patients = 24;
  std::string format = "nifti";
  std::vector<std::string> regions = {"head_neck", "thorax", "abdomen", "pelvis"};
  std::int64_t matrix = 128;
  std::int64_t slices = 32;
  double pixel_mm = 0;
  double slice_mm = 5;
  double noise_hu = 14;
  double lesion_probability = 0.5;
  double implant_probability = 0.15;
  double contrast_probability = 0.5;
  bool couch = true;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("patients", patients, "patients of the cohort; the regions take turns", Range{1, 9999});
    visit("format", format, "nifti: a volume file a patient; dicom: a series of CT images and a segmentation a patient",
          OneOf{{"nifti", "dicom"}});
    visit("regions", regions, "body regions, one a patient", OneOf{{"head_neck", "thorax", "abdomen", "pelvis"}});
    visit("matrix", matrix, "rows and columns", Range{16, 1024});
    visit("slices", slices, "slices a volume", Range{2, 1024});
    visit("pixel_mm", pixel_mm, "pixel size; 0: the field of view fitted to the patient, mm", Range{0, 10});
    visit("slice_mm", slice_mm, "distance between slices, mm", Range{0.1, 20});
    visit("noise_hu", noise_hu, "noise at the centre of 300 mm of water, HU", Range{0, 200});
    visit("lesion_probability", lesion_probability, "part of the patients with lesions", Range{0, 1});
    visit("implant_probability", implant_probability, "part of the patients with metal implants", Range{0, 1});
    visit("contrast_probability", contrast_probability, "part of the patients with contrast agent", Range{0, 1});
    visit("couch", couch, "the patient lies on a couch");
  }
};

// Patterns of the cohort's volumes and label maps, as prepare.images and prepare.masks take them.
inline constexpr const char* kCohortImages = "*_ct.nii.gz";
inline constexpr const char* kCohortMasks = "*_seg.nii.gz";

// Writes OUT/cohort/:
//
//   SYN-0001_ct.nii.gz, SYN-0001_seg.nii.gz   format nifti
//   SYN-0001/*.dcm, SYN-0001_seg.dcm, SYN-0001_seg.nii.gz   format dicom: series, its segmentation, the same as NIfTI
//   classes.csv   name,class: the body region of each patient, as prepare's class table
//   labels.json   names of the label values
//   cohort.json   settings and seed, written last
//
// A patient that is already there whole, of the same settings and seed, is not made again. Throws Interrupted.
nlohmann::ordered_json run_phantom(const PhantomConfig& config, const Context& context);

}  // namespace ctforge::pipeline
