// Writes a phantom on three grids, axial, oblique and anisotropic, in every form that ctforge writes, for
// tests/peers/dicom_written.py to open with other software.
//
// Usage: ctforge_dicom_objects FOLDER
//   GRID_ct.nii.gz, GRID_seg.nii.gz, labels.json   voxels and names
//   GRID/*.dcm, GRID_seg.dcm, GRID_rtstruct.dcm    CT series and what refers to it
//   GRID_enhanced/ct.dcm, seg.dcm, rtstruct.dcm    the same of an Enhanced CT
//   GRID_02_....stl                                a surface of each label that occurs
#include "io/dicom/dicom_write.h"
#include "io/dicom/dicom_write_enhanced.h"
#include "io/dicom/dicom_write_segmentation.h"
#include "io/dicom/dicom_write_structures.h"
#include "io/file/atomic_file.h"
#include "io/phantom/phantom.h"
#include "io/volume/surface.h"
#include "io/volume/volume_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include <nlohmann/json.hpp>

namespace fs = std::filesystem;
using namespace ctforge::io;

namespace {

// Turned about x by 0.3 and about z by 0.5.
Matrix3 oblique() {
  const double a = std::cos(0.3), b = std::sin(0.3), c = std::cos(0.5), d = std::sin(0.5);
  return {{{c, -d, 0}, {a * d, a * c, -b}, {b * d, b * c, a}}};
}

void write_surfaces(const fs::path& folder, const std::string& grid, const LabelMap& labels,
                    const std::vector<std::string>& names) {
  for (std::size_t value = 1; value < names.size(); ++value) {
    const auto surface = mask_surface(labels, static_cast<std::uint8_t>(value));
    if (surface.empty()) continue;
    write_stl(folder / (grid + "_" + std::to_string(value) + "_" + names[value] + ".stl"), surface, "SYNTHETIC");
  }
}

void write_grid(const fs::path& folder, const std::string& grid, const PhantomPatient& patient,
                const std::string& body_part) {
  const CtSeriesInfo info = {.patient_id = "SYN-" + grid,
                             .body_part = body_part,
                             .description = "SYNTHETIC phantom",
                             .uid_seed = grid,
                             .versions = {"ctforge"},
                             .contribution = "A mathematical phantom."};
  const std::vector<std::string> names = phantom_labels();
  write_volume(folder / (grid + "_ct.nii.gz"), patient.volume);
  write_labels(folder / (grid + "_seg.nii.gz"), patient.labels);
  write_ct_series(folder / grid, patient.volume, info);
  const CtReference series = ct_reference(patient.volume, info);
  write_segmentation(folder / (grid + "_seg.dcm"), patient.labels, names, series, info);
  write_structure_set(folder / (grid + "_rtstruct.dcm"), patient.labels, names, series, info);
  const fs::path enhanced = folder / (grid + "_enhanced");
  const CtReference frames = ct_reference(patient.volume, info, CtForm::Enhanced);
  write_ct_enhanced(enhanced / "ct.dcm", patient.volume, info);
  write_segmentation(enhanced / "seg.dcm", patient.labels, names, frames, info);
  write_structure_set(enhanced / "rtstruct.dcm", patient.labels, names, frames, info);
  write_surfaces(folder, grid, patient.labels, names);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: ctforge_dicom_objects FOLDER\n";
    return 2;
  }
  const fs::path folder = arguments[1];
  PhantomOptions options;
  options.matrix = 64;
  options.slices = 6;
  PhantomPatient patient = make_phantom(options, PhantomRegion::Abdomen, 5, 0);
  write_grid(folder, "axial", patient, "ABDOMEN");
  patient.volume.geometry.direction = patient.labels.geometry.direction = oblique();
  write_grid(folder, "oblique", patient, "");
  patient.volume.geometry.spacing_mm = patient.labels.geometry.spacing_mm = {0.7, 1.3, 3.75};
  write_grid(folder, "anisotropic", patient, "");
  write_atomically(folder / "labels.json", nlohmann::json(phantom_labels()).dump(1) + "\n");
  return 0;
}
