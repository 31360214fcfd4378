// The prepare stage: CT series and their label maps become shards of labelled axial patches, split by patient.
//
// Each series is brought into axial order (io/volume/resample.h), resampled, cut into patches and judged; a patch is
// dropped when less than min_body_fraction of its voxels lie above empty_hu, when it has no label voxel though
// require_label is set, or when the class table has no class for its slice. Patients for validation and testing are
// scored voxel by voxel: their patches do not overlap and need no label. What lies beyond a slice is -1024 HU without
// label. A patient who shares a scan with one before is refused. Shards keep HU; the window is written beside them and
// applied where they are read.
#pragma once

#include "io/volume/inventory.h"
#include "io/volume/volume.h"
#include "pipeline/config/fields.h"
#include "pipeline/run/context.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Section `prepare.patch`.
struct PatchConfig {
  std::string cut = "body";
  std::int64_t width = 64;
  std::int64_t height = 64;
  std::int64_t stride_x = 0;
  std::int64_t stride_y = 0;
  double body_hu = -300;
  double empty_hu = -500;
  double min_body_fraction = 0.05;
  bool require_label = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("cut", cut,
          "what is cut from a slice: whole (about its middle, padded or cropped), center (a window about its middle), "
          "body (about the body's centroid, the same for all slices of a series), grid (windows at a stride)",
          OneOf{{"whole", "center", "body", "grid"}});
    visit("width", width, "pixels along x, to the patient's left; 0 with cut whole: of the widest slice",
          Range{0, 8192});
    visit("height", height, "pixels along y, to the back; 0 with cut whole: of the highest slice", Range{0, 8192});
    visit(
        "stride_x", stride_x,
        "cut grid: pixels between windows along x; 0: the width, no overlap. Patients that are not trained on are cut "
        "without overlap",
        Range{0, 8192});
    visit("stride_y", stride_y, "cut grid: likewise along y; 0: the height", Range{0, 8192});
    visit("body_hu", body_hu, "cut body: the body is what lies above, HU", Range{-1024, 3071});
    visit("empty_hu", empty_hu, "what lies above is not air, HU", Range{-1025, 3071});
    visit("min_body_fraction", min_body_fraction, "patches with a smaller part above empty_hu are dropped",
          Range{0, 1});
    visit("require_label", require_label, "drop patches without any label voxel, of patients to train on");
  }
};

// Section `prepare.classes`.
struct ClassConfig {
  std::string from = "none";
  std::vector<std::string> regions;
  std::string table;
  std::vector<std::string> priority;
  std::int64_t min_voxels = 1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("from", from,
          "a patch's class: region (DICOM BodyPartExamined), dominant (the label with most voxels), present (the first "
          "label of priority that is there), table (a CSV file), none (one class)",
          OneOf{{"region", "dominant", "present", "table", "none"}});
    visit("regions", regions, "region: classes of body parts, as HEADNECK:neck; others keep their name in lower case");
    visit("table", table,
          "table: CSV of name,class[,first_slice,last_slice]; the name is what * matched in images, or a DICOM series' "
          "folder; empty: classes.csv in the input folder");
    visit("priority", priority, "present: names of labels, the most telling first; empty: all, in their order");
    visit("min_voxels", min_voxels, "dominant, present: a label of fewer voxels is not seen", Range{1, 1e9});
  }
};

// Section `prepare.split`.
struct SplitConfig {
  double test_patients = 0.2;
  double validation_patients = 0.1;
  bool stratify = true;
  std::string draw = "order";
  std::string table;
  double train_fraction = 1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("test_patients", test_patients, "patients held out for testing: a part below 1, or their number",
          Range{0, 1e6});
    visit("validation_patients", validation_patients, "patients for validation: a part below 1, or their number",
          Range{0, 1e6});
    visit("stratify", stratify, "draw order: keep the proportion of the classes, where a class is of whole series");
    visit("draw", draw,
          "order: so many patients, drawn from all of them; hash: each by itself, from its pseudonym, so that one who "
          "comes later moves nobody, and parts of an archive can be prepared apart (sizes are met on average)",
          OneOf{{"order", "hash"}});
    visit("table", table, "CSV of name,split (train, validation, test) for every patient instead of drawing");
    visit("train_fraction", train_fraction,
          "part of the training patients that is kept, rounded up (draw hash: met on average); a smaller part lies "
          "within a larger one, and validation and test patients stay the same",
          Range{0.001, 1});
  }
};

// Section `prepare`.
struct PrepareConfig {
  std::string input;
  std::string images = "*";
  std::string masks;
  std::string structures;
  std::string key_file;
  std::vector<std::string> labels;
  std::string labels_file;
  std::vector<std::string> label_map;
  std::array<double, 3> spacing_mm = {0, 0, 0};
  std::string mask_filter = "linear";
  std::array<double, 2> window_hu = {-1000, 1000};
  PatchConfig patch;
  ClassConfig classes;
  SplitConfig split;
  std::int64_t volumes_in_memory = 4;
  std::int64_t shard_mb = 128;
  double spacing_tolerance = 0.05;
  std::int64_t min_slices = 2;
  bool allow_burned_in = false;
  double decode_time_limit_s = 300;
  std::int64_t part_depth = 1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("input", input,
          "folder of CT series, or one file; empty: the phantom cohort of this run, by default with its label maps");
    visit("images", images, "pattern of volume files (NIfTI, NRRD, MetaImage); * is the patient's name");
    visit("masks", masks, "pattern of label maps, the * as in images; empty: there are none");
    visit(
        "structures", structures,
        "YAML or JSON file of `name: label` for the structures of DICOM SEG and RTSTRUCT objects below input, instead "
        "of masks; * stands for anything, blanks and case do not matter, the label background leaves a structure out; "
        "others are left out too. `ctforge structures` lists the names. Where structures overlap the later label "
        "stays");
    visit("key_file", key_file, "file whose bytes key the patients' pseudonyms; empty: patient.key, made when missing");
    visit("labels", labels,
          "names of the label values from 0, the background, on; empty with structures: as the "
          "file has them");
    visit("labels_file", labels_file, "JSON list of these names instead; empty: labels.json in the input folder");
    visit("label_map", label_map,
          "label values to keep, as found:kept, e.g. 7:5; all others become background; empty: all as they are. With "
          "labels those are the names of the kept values, with labels_file of the found");
    visit("spacing_mm", spacing_mm, "voxel size along x, y, z to resample to; 0: as it is, mm", Range{0, 1000});
    visit("mask_filter", mask_filter, "resampling of label maps: linear votes of the labels, or the nearest voxel",
          OneOf{{"linear", "nearest"}});
    visit("window_hu", window_hu, "what becomes -1 and 1 in training, HU", Range{-32768, 32767});
    visit.section("patch", patch);
    visit.section("classes", classes);
    visit.section("split", split);
    visit("volumes_in_memory", volumes_in_memory, "patients worked on at a time: bounds the memory", Range{1, 1024});
    visit("shard_mb", shard_mb, "size of a shard file, MiB", Range{1, 65536});
    visit("spacing_tolerance", spacing_tolerance, "largest relative departure of a slice distance from the median",
          Range{0, 0.5});
    visit("min_slices", min_slices, "series of fewer slices are refused", Range{1, 10000});
    visit(
        "allow_burned_in", allow_burned_in,
        "take DICOM series whose BurnedInAnnotation says YES: texts in their pixels may name patients, and samples may "
        "repeat them");
    visit("decode_time_limit_s", decode_time_limit_s, "a series that takes longer to decode is refused, seconds",
          Range{1, 1e6});
    visit("part_depth", part_depth,
          "--part: entries so many folders below the input are shared out whole; 1: those at its top, as patients",
          Range{1, 16});
  }
};

// Where series come from: the functions of io/volume/inventory.h and io/volume/load.h by default.
struct SeriesReader {
  std::function<io::Inventory(const io::ScanOptions&)> scan;
  std::function<io::Volume(const io::Series&)> volume;
  std::function<io::LabelMap(const io::Series&)> labels;
  std::function<std::string(const io::Series&)> content_sha256;  // over the bytes of all its files
};

// Writes OUT/data/{train,validation,test}-NNNNN.safetensors (io/file/shard.h), inventory.json (what became of each
// series) and, last, prepare.json (counts, and a hash of the inputs), whose contents it returns. The files' bytes do
// not depend on the number of threads, nor on interruptions: an attempt that was interrupted or killed is gone on with,
// where input, settings and program are the same, and begun anew where not. Throws ConfigError for settings that
// contradict each other, io::DataError when tables cannot be used, patients are too few or nothing is usable, and
// Interrupted, with what is done saved in OUT/data/progress/.
//
// With a part in the context, what of the input is in that share is prepared in OUT/data/parts/ (prepare_parts.h), and
// an empty object is returned. Without one, parts that were begun with the same settings are finished and put together.
nlohmann::ordered_json run_prepare(const PrepareConfig& config, const Context& context);
nlohmann::ordered_json run_prepare(const PrepareConfig& config, const Context& context, const SeriesReader& reader);

// How the stage looks for series; key: of the pseudonyms. Throws ConfigError for a map of structures that cannot be
// read.
io::ScanOptions scan_options(const PrepareConfig& config, const std::filesystem::path& out, const std::string& key);
// A reader on files: io/volume/inventory.h and io/volume/load.h, with decoding that ends when the context is
// interrupted.
SeriesReader file_reader(const PrepareConfig& config, const Context& context);

}  // namespace ctforge::pipeline
