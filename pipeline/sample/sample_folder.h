// Samples of any network in a folder of diffusers, from given noise: for comparing numbers, not for making CT.
#pragma once

#include "pipeline/run/context.h"
#include "pipeline/sample/sample.h"
#include "pipeline/train/train.h"

#include <filesystem>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// checkpoint: a folder with config.json and diffusion_pytorch_model.safetensors of a UNet2DModel, or one that has it as
// unet/. What the network learned is read from scheduler_config.json in the folder, in scheduler/ or beside it in
// ../scheduler/; without that it is what section `train` says of method, betas and target, with a sigma_data of 0.5.
// noise: a safetensors file with "noise" [N,C,H,W] of standard deviation 1, "labels" where the network wants them, and
// "step_noise" [S,N,C,H,W] for samplers that add noise of their own. All float32 (labels int64).
//
// Writes OUT/samples/raw.safetensors: "sample" [N,C,H,W] float32. Section `sample` gives sampler, grid, steps and clip;
// guidance is not applied. Returns what was done. Throws ConfigError for settings that do not fit, io::DataError for
// files that do not.
nlohmann::ordered_json run_sample_folder(const SampleConfig& config, const TrainConfig& training,
                                         const Context& context, const std::filesystem::path& checkpoint,
                                         const std::filesystem::path& noise);

}  // namespace ctforge::pipeline
