// Generators to folders of diffusers and back: the export and import commands.
#pragma once

#include "pipeline/sample/generator.h"

#include <filesystem>
#include <string>

namespace ctforge::pipeline {

struct ExportConfig {
  std::filesystem::path run;  // the run's folder
  std::filesystem::path to;   // made where needed
  Weights weights;            // which of the training's
  std::string device = "cpu";
};

// Writes, each file atomically:
//
//   unet/       config.json and diffusion_pytorch_model.safetensors of a UNet2DModel
//   vae/        those of an AutoencoderKL, where the generator has one
//   scheduler/  scheduler_config.json for sampling what the U-Net learned
//   ctforge.json  what diffusers has no place for: classes, labels, HU window, spacing, scale of each latent channel
//   and
//               what noise level the U-Net is told; no patient and no path
//
// Throws io::DataError where there is no good generator, or one whose target no scheduler of diffusers knows.
void export_generator(const ExportConfig& config);

struct ImportConfig {
  std::filesystem::path from;  // a folder as above
  std::filesystem::path like;  // a run whose classes, labels, window and latents it has; empty: ctforge.json says it
  std::filesystem::path run;   // the run's folder, which must have no checkpoints
};

// Makes a run of the folder, from which `sample` draws and with which other trainings begin (train.from). The weights
// may have been trained further, the network must be what ctforge.json says. Throws ConfigError where the run has
// checkpoints already or nothing says what the networks mean, io::DataError for files that do not fit.
void import_generator(const ImportConfig& config);

}  // namespace ctforge::pipeline
