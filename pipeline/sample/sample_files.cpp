// NIfTI with a JSON sidecar, DICOM objects, STL surfaces of a sample.
#include "pipeline/sample/sample_files.h"

#include "io/dicom/dicom_write.h"
#include "io/dicom/dicom_write_enhanced.h"
#include "io/dicom/dicom_write_segmentation.h"
#include "io/dicom/dicom_write_structures.h"
#include "io/file/atomic_file.h"
#include "io/volume/surface.h"
#include "io/volume/volume_file.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <memory>
#include <regex>

#include <nlohmann/json.hpp>
#include <version.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

// Letters, digits, "-" and "_" of a label's name, for a file's.
std::string plain(std::string name) {
  for (char& character : name)
    if (std::isalnum(static_cast<unsigned char>(character)) == 0 && character != '-') character = '_';
  return name;
}

SampleFile file_of(const std::string& name, std::function<void(const fs::path& path)> write) {
  return {name, name, std::move(write)};
}

void add_surfaces(const ExportedSample& sample, std::vector<SampleFile>& files) {
  const auto& labels = sample.labels.label;
  for (std::size_t value = 1; value < sample.label_names.size(); ++value) {
    const auto label = static_cast<std::uint8_t>(value);
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) continue;
    const std::string number = (value < 10 ? "_0" : "_") + std::to_string(value);
    files.push_back(file_of(sample.name + number + "_" + plain(sample.label_names[value]) + ".stl",
                            [&sample, label](const fs::path& path) {
                              io::write_stl(path, io::mask_surface(sample.labels, label),
                                            "SYNTHETIC " + sample.name + " by ctforge, mm, LPS");
                            }));
  }
}

// Keys in the manner of BIDS sidecars.
std::string sidecar(const ExportedSample& sample, const SampleOrigin& origin) {
  nlohmann::ordered_json names = nlohmann::ordered_json::object();
  for (std::size_t value = 0; value < sample.label_names.size(); ++value)
    names[std::to_string(value)] = sample.label_names[value];
  const nlohmann::ordered_json program = {{"Name", "ctforge"}, {"Version", kVersion}, {"Commit", kCommit}};
  const nlohmann::ordered_json json = {{"Synthetic", true},
                                       {"Description", "SYNTHETIC: computed by a generative model, not acquired"},
                                       {"Modality", "CT"},
                                       {"Units", "HU"},
                                       {"Manufacturer", "ctforge"},
                                       {"GeneratedBy", nlohmann::ordered_json::array({program})},
                                       {"CheckpointSHA256", origin.checkpoint_sha256},
                                       {"CheckpointSteps", origin.checkpoint_step},
                                       {"Seed", origin.seed},
                                       {"Strength", origin.strength},
                                       {"SampleIndex", sample.index},
                                       {"Class", sample.class_name},
                                       {"MaskFile", sample.name + "_mask.nii.gz"},
                                       {"MaskLabels", names}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

io::CtSeriesInfo series_info(const ExportedSample& sample, const SampleOrigin& origin) {
  io::CtSeriesInfo info;
  info.patient_id = sample.name;
  info.description = "SYNTHETIC " + sample.class_name;
  info.uid_seed = "sample";
  info.versions = {std::string("ctforge ") + kVersion + " (" + kCommit + ")",
                   "checkpoint " + origin.checkpoint_sha256.substr(0, 16)};
  info.contribution = "Drawn with seed " + std::to_string(origin.seed) + " from a generator of " +
                      std::to_string(origin.checkpoint_step) + " training steps, SHA-256 of its checkpoint " +
                      origin.checkpoint_sha256 + "." + (origin.strength < 1 ? " A variation of a training patch." : "");
  return info;
}

}  // namespace

std::string sample_name(std::int64_t index) {
  char name[40];
  std::snprintf(name, sizeof name, "SYN-%06lld", static_cast<long long>(index) + 1);
  return name;
}

std::vector<SampleFile> nifti_files(const ExportedSample& sample, const SampleOrigin& origin,
                                    const ExportOptions& options) {
  std::vector<SampleFile> files = {
      file_of(sample.name + ".nii.gz", [&sample](const fs::path& path) { io::write_volume(path, sample.volume); }),
      file_of(sample.name + "_mask.nii.gz", [&sample](const fs::path& path) { io::write_labels(path, sample.labels); }),
      file_of(sample.name + ".json",
              [&](const fs::path& path) { io::write_atomically(path, sidecar(sample, origin)); })};
  if (options.surfaces) add_surfaces(sample, files);
  return files;
}

std::vector<SampleFile> dicom_files(const ExportedSample& sample, const SampleOrigin& origin,
                                    const ExportOptions& options) {
  const auto info = std::make_shared<io::CtSeriesInfo>(series_info(sample, origin));
  const auto reference = std::make_shared<io::CtReference>(
      io::ct_reference(sample.volume, *info, options.enhanced ? io::CtForm::Enhanced : io::CtForm::Series));
  std::vector<SampleFile> files;
  if (options.enhanced)
    files.push_back(file_of(sample.name + "_ct.dcm", [&sample, info](const fs::path& path) {
      io::write_ct_enhanced(path, sample.volume, *info);
    }));
  else
    files.push_back({sample.name, sample.name + "/CT000001.dcm", [&sample, info](const fs::path& path) {
                       io::remove_leftovers(path);
                       io::write_ct_series(path, sample.volume, *info);
                     }});
  if (sample.label_names.size() > 1) {
    files.push_back(file_of(sample.name + "_seg.dcm", [&sample, info, reference](const fs::path& path) {
      io::write_segmentation(path, sample.labels, sample.label_names, *reference, *info);
    }));
    if (options.structure_set)
      files.push_back(file_of(sample.name + "_rtstruct.dcm", [&sample, info, reference](const fs::path& path) {
        io::write_structure_set(path, sample.labels, sample.label_names, *reference, *info);
      }));
  }
  if (options.surfaces) add_surfaces(sample, files);
  return files;
}

bool is_sample_file(const std::string& name) {
  static const std::regex known(
      R"(SYN-\d{6,}(\.nii\.gz|_mask\.nii\.gz|\.json|_ct\.dcm|_seg\.dcm|_rtstruct\.dcm|_\d{2,3}_[A-Za-z0-9_-]*\.stl)?)");
  return std::regex_match(name, known);
}

}  // namespace ctforge::pipeline
