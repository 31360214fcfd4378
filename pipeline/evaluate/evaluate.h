// The evaluate stage: distances between synthetic and real patches, nearest training neighbours, and what a
// segmentation network gains from synthetic patches.
#pragma once

#include "eval/measure_names.h"
#include "pipeline/config/fields.h"
#include "pipeline/evaluate/downstream_config.h"
#include "pipeline/run/context.h"
#include "pipeline/sample/release_config.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Section `evaluate.torchscript`: any other feature extractor; published as fd_torchscript.
struct TorchScriptConfig {
  std::string path;
  std::int64_t size = 224;
  std::array<double, 3> mean = {127, 127, 127};
  std::array<double, 3> scale = {128, 128, 128};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path, "TorchScript file yielding [n,D]; empty: none");
    visit("size", size, "pixels along an edge of its input; 0: images as large as they are", Range{0, 4096});
    visit("mean", mean,
          "subtracted from grey levels of [0,255], of each channel in the network's order (BGR: blue first)",
          Range{-1e6, 1e6});
    visit("scale", scale, "grey levels are divided by this after that, of each channel", Range{1e-6, 1e6});
  }
};

// Section `evaluate.volumes`: slices of the volumes given with --real and --synthetic.
struct VolumeSlicesConfig {
  std::array<double, 3> spacing_mm = {1, 1, 1};
  std::int64_t size = 256;
  bool cube = false;
  double centre = 1;
  std::array<double, 2> window_hu = {-1000, 1000};
  std::string scaling = "window";

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("spacing_mm", spacing_mm, "volumes are resampled to this, x y z in axial order; 0: as it is", Range{0, 100});
    visit("size", size, "slices are cut or padded with air to so many pixels along both edges", Range{8, 4096});
    visit("cube", cube,
          "cut or pad volumes to so many voxels along all three axes before anything else is taken of them (as MAISI's "
          "evaluation); else slices alone are");
    visit("centre", centre, "middle part of each axis that slices are taken of", Range{0.001, 1});
    visit("window_hu", window_hu, "HU that become black and white", Range{-32768, 32767});
    visit(
        "scaling", scaling,
        "grey levels from the window, or from each volume's own extremes within it (as MAISI's evaluation: a set's HU "
        "bias goes unseen)",
        OneOf{{"window", "volume"}});
  }
};

inline const std::vector<std::string> kMeasureNames{eval::kFeatureMeasures.begin(), eval::kFeatureMeasures.end()};

// Section `evaluate`.
struct EvaluateConfig {
  std::string lite0 = "auto";
  std::string inception;
  std::string inception_resize = "clean";
  TorchScriptConfig torchscript;
  std::int64_t images = 2000;
  std::int64_t batch = 32;
  std::int64_t rounds = 20;
  std::int64_t per_class_least = 50;
  std::vector<std::string> measures = kMeasureNames;
  bool statistics = false;
  std::vector<std::string> planes = {"axial"};
  VolumeSlicesConfig volumes;
  std::vector<std::string> extra_sets;
  std::int64_t examples = 12;
  bool radiomics = true;
  bool noise_power = true;
  bool diversity = true;
  bool label_quality = true;
  DownstreamConfig downstream;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("lite0", lite0,
          "weights of EfficientNet-Lite0 for FD-Lite0; auto: $CTFORGE_LITE0 or beside the program; none: without");
    visit("inception", inception, "inception-2015-12-05.pt for FID proper; empty: none");
    visit("inception_resize", inception_resize,
          "how images reach Inception's 299 pixels: clean-fid's, pytorch-fid's, or the original TensorFlow 1 code's "
          "(torch-fidelity)",
          OneOf{{"clean", "pytorch", "tf1"}});
    visit.section("torchscript", torchscript);
    visit("images", images, "most patches of each set that features are taken of; 0: all", Range{0, 1e9});
    visit("batch", batch, "patches given to a feature extractor at once", Range{1, 65536});
    visit("rounds", rounds,
          "random draws of patients and patches behind each distance; 0, with --real and --synthetic: whole sets only, "
          "without a floor",
          Range{0, 10000});
    visit("per_class_least", per_class_least,
          "fewest patches on each side for distances of one class, and for radiomics of one organ", Range{2, 1e9});
    visit("measures", measures, "what is measured on features, besides what each costs: frechet_infinity the most",
          OneOf{kMeasureNames});
    visit("statistics", statistics,
          "write mean, covariance and number of each set's features as mu, sigma and n of an .npz file");
    visit("planes", planes, "with --real and --synthetic volumes: planes that slices are taken in",
          OneOf{{"axial", "coronal", "sagittal"}});
    visit.section("volumes", volumes);
    visit("extra_sets", extra_sets,
          "name=FOLDER of further samples to compare, such as another model's (synthetic-* shards)");
    visit("examples", examples, "samples listed with their nearest training neighbour", Range{0, 10000});
    visit("radiomics", radiomics, "Fréchet distances of IBSI radiomics");
    visit("noise_power", noise_power, "noise power spectra of synthetic and real patches");
    visit("diversity", diversity, "multi-scale structural similarity within the synthetic and the real patches");
    visit("label_quality", label_quality, "flag samples whose labels look like no training patient's");
    visit.section("downstream", downstream);
  }
};

// Throws ConfigError, listing all of them, for files that are not there, extra_sets of another form, and settings of
// volumes, of which a run has none.
void check_evaluate(const EvaluateConfig& config);

// Reads OUT/data (train-*, validation-* where present, test-*), OUT/samples (synthetic-*) and, where sample.untrained
// asked for it, OUT/samples/untrained, and OUT/fractions/ (pipeline/evaluate/fractions.h); writes OUT/evaluation/:
//
//   distances.json   distances.<features>.<measure> {value, interval, n, floor, floor_interval} for frechet,
//                    frechet_infinity, kid, precision, recall, density, coverage, mmd_rbf and vendi
//                    (eval/measure_names.h); references (noise, untrained, reconstructed: the floor's patches after
//                    the autoencoder alone) with Fréchet's value and, by name, the other measures; per_class;
//                    hu.wasserstein1_hu in the same form, and under the masks hu.organs.<organ>.{wasserstein1_hu,
//                    mean_difference_hu,sd_difference_hu}; whole_sets: all rows of both sides, as others publish;
//                    protocol; unavailable extractors with the reason
//   statistics/      <features>-{real,synthetic}.npz where evaluate.statistics asks for them
//   nearest.json     nearest.{correlation,<features>}: quantiles for synthetic and held-out patches, the part of the
//                    synthetic ones nearer than 95 % of the held-out ones, and examples as indices into the shards
//                    and memorisation.<features>: pipeline/evaluate/evaluate_memorisation.h
//   release.json     the verdict of the release gate by pixels and features: pipeline/sample/release.h
//   radiomics.json, noise_power.json, diversity.json   as distances.json, where
//   evaluate.{radiomics,noise_power,diversity}
//                    ask for them (pipeline/evaluate/evaluate_radiomics.h, evaluate_texture.h); radiomics of each organ
//                    under organs.<organ>; noise_power.curves over frequency_per_mm
//   quality.json     quality.{synthetic,held_out}: how many patches are flagged; quality.labels.<organ>; rejected: the
//                    flagged samples by name (SYN-000001) and index with the reasons; where evaluate.label_quality asks
//   downstream.json  the segmentation experiment: pipeline/evaluate/downstream_json.h; only where enabled and a test
//   patient has
//                    labels. downstream.csv: the same as a table (pipeline/evaluate/downstream_table.h)
//   cells/           finished parts, which an interrupted run goes on from
//
// All with "schema": 1. With a part in the context, its features and networks alone are made, as cells. Returns a short
// form for the manifest. Throws Interrupted; io::DataError for shards that are missing, damaged or share a patient
// between two sides, or an extractor that cannot be used; ConfigError for extra_sets of another form.
nlohmann::ordered_json run_evaluate(const EvaluateConfig& config, const Context& context,
                                    const ReleaseConfig& release = {});

// Whether run_evaluate() will train segmentation networks on what lies in OUT. Throws what it would throw for it.
bool has_experiment(const EvaluateConfig& config, const std::filesystem::path& out);

}  // namespace ctforge::pipeline
