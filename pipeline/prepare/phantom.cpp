// The phantom cohort: one patient after another, each written whole.
#include "pipeline/prepare/phantom.h"

#include "io/dicom/dicom_write.h"
#include "io/dicom/dicom_write_segmentation.h"
#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/random.h"
#include "io/phantom/phantom.h"
#include "io/volume/volume_file.h"
#include "pipeline/config/config_visitors.h"

#include <cstdio>
#include <filesystem>

#include <version.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kPhantomStream = 1;

std::string patient_name(std::int64_t patient) {
  char name[40];
  std::snprintf(name, sizeof name, "SYN-%04lld", static_cast<long long>(patient) + 1);
  return name;
}

io::PhantomOptions phantom_options(const PhantomConfig& config) {
  io::PhantomOptions options;
  options.matrix = config.matrix;
  options.slices = config.slices;
  options.pixel_mm = config.pixel_mm;
  options.slice_mm = config.slice_mm;
  options.noise_hu = config.noise_hu;
  options.lesion_probability = config.lesion_probability;
  options.implant_probability = config.implant_probability;
  options.contrast_probability = config.contrast_probability;
  options.couch = config.couch;
  return options;
}

// Everything a patient's files depend on, besides the patient's number.
std::string identity(const PhantomConfig& config, std::uint64_t seed) {
  nlohmann::ordered_json settings = section_json(config);
  settings.erase("patients");
  return io::sha256_hex(settings.dump() + std::to_string(seed));
}

// The DICOM body part of PS3.16 annex L that a region would be filed under.
std::string body_part(io::PhantomRegion region) {
  switch (region) {
    case io::PhantomRegion::HeadNeck:
      return "HEADNECK";
    case io::PhantomRegion::Thorax:
      return "CHEST";
    case io::PhantomRegion::Abdomen:
      return "ABDOMEN";
    case io::PhantomRegion::Pelvis:
      return "PELVIS";
  }
  throw std::invalid_argument("no such region");
}

void write_patient(const PhantomConfig& config, const fs::path& folder, const std::string& name,
                   const io::PhantomPatient& patient, std::uint64_t seed) {
  if (config.format == "nifti") {
    io::write_volume(folder / (name + "_ct.nii.gz"), patient.volume);
  } else {
    io::CtSeriesInfo info;
    info.patient_id = name;
    info.body_part = body_part(patient.region);
    info.description = "SYNTHETIC phantom " + std::string(io::phantom_region_name(patient.region));
    info.uid_seed = "phantom " + std::to_string(seed);
    info.versions = {std::string("ctforge ") + kVersion + " (" + kCommit + ")"};
    info.contribution = "A mathematical phantom, drawn with seed " + std::to_string(seed) + ".";
    io::write_ct_series(folder / name, patient.volume, info);
    io::write_segmentation(folder / (name + "_seg.dcm"), patient.labels, io::phantom_labels(),
                           io::ct_reference(patient.volume, info), info);
  }
  io::write_labels(folder / (name + "_seg.nii.gz"), patient.labels);
}

// Only a folder that bears the mark is a cohort's; anything else may be somebody's only copy.
void clear_cohort(const fs::path& folder, const fs::path& mark_file) {
  if (fs::exists(mark_file)) {
    fs::remove_all(folder);
  } else if (fs::exists(folder) && !fs::is_empty(folder)) {
    throw ConfigError(
        {{"--out", "", "its folder 'cohort' holds files that no phantom stage wrote: use another --out"}});
  }
}

void write_tables(const PhantomConfig& config, const fs::path& folder) {
  std::string classes = "name,class\n";
  for (std::int64_t i = 0; i < config.patients; ++i)
    classes += patient_name(i) + "," + config.regions[static_cast<std::size_t>(i) % config.regions.size()] + "\n";
  io::write_atomically(folder / "classes.csv", classes);
  io::write_atomically(folder / "labels.json", nlohmann::json(io::phantom_labels()).dump(1) + "\n");
}

}  // namespace

nlohmann::ordered_json run_phantom(const PhantomConfig& config, const Context& context) {
  if (config.regions.empty()) throw ConfigError({{"configuration", "phantom.regions", "at least one is needed"}});
  const fs::path folder = context.out / "cohort";
  const std::uint64_t seed = io::mix_seed(context.seed, kPhantomStream);
  const std::string mark = identity(config, seed);
  const fs::path mark_file = folder / "settings.sha256";
  // Patients of other settings must not be mixed in.
  if (!fs::exists(mark_file) || io::read_whole_file(mark_file) != mark) {
    clear_cohort(folder, mark_file);
    io::write_atomically(mark_file, mark);
  }
  io::remove_leftovers(folder);
  fs::remove(folder / "cohort.json");
  nlohmann::ordered_json regions = nlohmann::ordered_json::object();
  for (std::int64_t i = 0; i < config.patients; ++i) {
    if (context.interrupted()) throw Interrupted{"phantom"};
    context.progress(i, config.patients, "patients");
    const std::string name = patient_name(i);
    const std::string region_name = config.regions[static_cast<std::size_t>(i) % config.regions.size()];
    regions[region_name] = regions.value(region_name, 0) + 1;
    // The label map is written last: where it is, the patient is whole.
    if (fs::exists(folder / (name + "_seg.nii.gz"))) continue;
    const io::PhantomPatient patient = io::make_phantom(
        phantom_options(config), io::phantom_region_from_name(region_name), seed, static_cast<std::uint64_t>(i));
    write_patient(config, folder, name, patient, seed);
  }
  context.progress(config.patients, config.patients, "patients");
  write_tables(config, folder);
  nlohmann::ordered_json record = {{"schema", 1},
                                   {"synthetic", true},
                                   {"patients", config.patients},
                                   {"format", config.format},
                                   {"regions", regions},
                                   {"labels", io::phantom_labels()}};
  io::write_atomically(folder / "cohort.json", record.dump(1) + "\n");
  return record;
}

}  // namespace ctforge::pipeline
