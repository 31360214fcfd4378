// The sample stage: draws labelled synthetic CT from the trained generator.
#pragma once

#include "pipeline/config/fields.h"
#include "pipeline/run/context.h"
#include "pipeline/sample/release_config.h"

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Section `sample`.
struct SampleConfig {
  std::int64_t count = 256;
  std::string sampler = "heun";
  std::string grid = "auto";
  std::int64_t steps = 18;
  std::vector<double> levels;
  double rho = 7;
  double sigma_min = 0.002;
  double sigma_max = 0;
  double shift = 3;
  double strength = 1;
  double movement = 1;
  double eta = 0;
  std::string variance = "fixed_small";
  std::int64_t order = 2;
  double churn = 40;
  double churn_low = 0.05;
  double churn_high = 50;
  double churn_noise = 1.003;
  double clip = 0;
  double guidance = 1;
  std::string guidance_from;
  std::vector<std::string> blend;
  std::string weaker;
  double guidance_low = 0;
  double guidance_high = 0;
  std::int64_t seed = 0;
  std::int64_t batch = 64;
  std::string classes = "balanced";
  std::int64_t class_least = 20;
  std::string weights = "ema";
  double ema_length = 0;
  std::string format = "shards";
  bool enhanced = false;
  bool structure_set = false;
  bool surfaces = false;
  bool pairs = false;
  std::int64_t untrained = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("count", count, "samples to draw", Range{1, 1e9});
    visit(
        "sampler", sampler,
        "ddpm: ancestral; ddim, euler: first order; heun: second; edm_sde: heun with churn; dpmpp_2m, dpmpp_2s, "
        "dpmpp_3m, dpmpp_2m_sde: DPM-Solver++; unipc; pndm; consistency: for train.method consistency, which needs it",
        OneOf{{"ddpm", "ddim", "euler", "heun", "edm_sde", "dpmpp_2m", "dpmpp_2s", "dpmpp_3m", "dpmpp_2m_sde", "unipc",
               "pndm", "consistency"}});
    visit("grid", grid,
          "how the noise levels are spaced; exponential is log_snr by another name; auto: karras for method edm, else "
          "trailing",
          OneOf{{"auto", "karras", "log_snr", "exponential", "trailing", "leading", "uniform", "shifted"}});
    visit("steps", steps, "noise levels visited; heun, edm_sde and dpmpp_2s ask the network twice at each but the last",
          Range{1, 10000});
    visit(
        "levels", levels,
        "the noise levels visited, noise over signal, from the highest, instead of a grid; steps must be their number",
        Range{1e-6, 1e6});
    visit("rho", rho, "grid karras: how much the steps crowd at low noise", Range{0.1, 100});
    visit("sigma_min", sigma_min, "lowest noise level visited, noise over signal", Range{0, 1e6});
    visit("sigma_max", sigma_max,
          "highest noise level visited, noise over signal; 0: the path's own, but 80 on grids karras and log_snr, and "
          "15 where the network predicts noise, whose errors are multiplied by it",
          Range{0, 1e6});
    visit("shift", shift, "grid shifted: above 1 spends more steps on noise", Range{0.01, 100});
    visit("strength", strength,
          "below 1: samples are variations of training patches, which are moved, noised, and drawn by this part of the "
          "steps, the last ones (SDEdit, Meng et al. 2022); 1: of noise alone",
          Range{0.01, 1});
    visit(
        "movement", movement,
        "with sample.strength below 1: how far the training patches are moved, rotated, zoomed and bent before; 1: 15 "
        "degrees, 15 % and displacements of 2.5 % of the edge, with air from beyond it; 0: not",
        Range{0, 3});
    visit("eta", eta, "sampler ddim: fresh noise a step, from none (0) to that of ddpm (1)", Range{0, 1});
    visit("variance", variance, "sampler ddpm: of the fresh noise; learned where training learned it",
          OneOf{{"fixed_small", "fixed_large", "learned"}});
    visit("order", order, "sampler unipc: its order", Range{1, 3});
    visit("churn", churn, "sampler edm_sde: noise added and removed on the way (S_churn)", Range{0, 1e4});
    visit("churn_low", churn_low, "sampler edm_sde: lowest noise level with churn (S_tmin)", Range{0, 1e6});
    visit("churn_high", churn_high, "sampler edm_sde: highest noise level with churn (S_tmax)", Range{0, 1e6});
    visit("churn_noise", churn_noise, "sampler edm_sde: factor of the noise added (S_noise)", Range{0.5, 2});
    visit("clip", clip,
          "clamp each estimate of the clean sample to this magnitude (pixels lie within 1, latents have deviation 1 a "
          "channel); 0: not",
          Range{0, 1e6});
    visit("guidance", guidance, "strength of classifier-free guidance; 1: none, 0: without class", Range{0, 100});
    visit("guidance_from", guidance_from, "class that guidance leads away from; empty: the network without a class");
    visit("blend", blend, "further conditions of every sample, each \"class=weight\", added as guidance is");
    visit("weaker", weaker,
          "folder of a run whose generator, of the same latents but worse, guidance leads away from (autoguidance, "
          "Karras et al. 2024)");
    visit("guidance_low", guidance_low, "lowest noise level at which guidance acts, noise over signal", Range{0, 1e6});
    visit("guidance_high", guidance_high, "highest noise level at which guidance acts, noise over signal; 0: no limit",
          Range{0, 1e6});
    visit("seed", seed, "seed of the samples; 0: derived from run.seed", Range{0, 9e15});
    visit("batch", batch, "samples drawn at once, on a CPU in steps of 8; does not change them", Range{1, 65536});
    visit("classes", classes, "balanced: every class alike; training: as often as in the training set",
          OneOf{{"balanced", "training"}});
    visit("class_least", class_least,
          "classes with fewer training patches are not drawn: a network can hardly but copy them", Range{1, 1e9});
    visit("weights", weights, "ema: averaged weights; raw: those of the last step", OneOf{{"ema", "raw"}});
    visit("ema_length", ema_length,
          "weights averaged over this part of the training, made of train.ema_lengths; 0: sample.weights",
          Range{0, 0.288});
    visit("format", format,
          "shards alone, or besides, a sample, a NIfTI volume, label map and JSON sidecar, or a DICOM series and "
          "segmentation",
          OneOf{{"shards", "nifti", "dicom"}});
    visit("enhanced", enhanced, "format dicom: one multi-frame Enhanced CT object a sample, not a series");
    visit("structure_set", structure_set, "format dicom: the mask as RT Structure Set too");
    visit("surfaces", surfaces, "formats nifti and dicom: the surface of each label as an STL file");
    visit("pairs", pairs,
          "write noise and latents of each sample besides, which train.pairs learns from; samplers without noise of "
          "their own only");
    visit("untrained", untrained, "samples of the network before training, a reference for evaluate; 0: none",
          Range{0, 1e9});
  }
};

// Throws ConfigError, listing all of them, for settings that contradict each other or would do nothing.
void check_sample(const SampleConfig& config);

// Whether sample.weaker holds another generator than that of samples with this summary. False where it is out of reach.
bool weaker_has_changed(const SampleConfig& config, const nlohmann::ordered_json& summary);

// Reads OUT/checkpoints and, for the classes' frequencies, OUT/data; writes OUT/samples/:
//
//   synthetic-*.safetensors  patches with synthetic=true, one patient SYN-000001, SYN-000002, ... a sample
//   nifti/, dicom/           the samples as pipeline/sample/sample_export.h tells, where asked for
//   untrained/               shards of the same network before training, with settings.json, where asked for
//   pairs-*.safetensors      noise, latents and class of each sample, where asked for
//   starts.json              how near variations of training patches came to these, for the release gate
//   release.json             whether the set may leave: pipeline/sample/release.h
//   settings.json            what the samples depend on, written first
//   samples.json             how many of each class, settings, checkpoint and what was wrong with newer ones,
//                            seconds a sample, for rectified flow its straightness; written last
//
// Finished shards of the same settings and checkpoint are kept. With a part in the context, its shards alone are drawn,
// and samples.json and the other formats left to whoever has none. Returns what samples.json holds. Throws Interrupted
// when asked to stop, ConfigError for settings that do not fit the generator, io::DataError when there is none or
// it was trained on another training set than the one prepared in OUT.
nlohmann::ordered_json run_sample(const SampleConfig& config, const Context& context,
                                  const ReleaseConfig& release = {});

}  // namespace ctforge::pipeline
