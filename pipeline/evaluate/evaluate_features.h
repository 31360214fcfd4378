// Features and their statistics in files that other programs write and read.
#pragma once

#include "eval/frechet.h"

#include <filesystem>
#include <optional>

#include <torch/types.h>

namespace ctforge::pipeline {

// What a file holds: rows [N,D], float32 or float64, or mean and covariance.
struct FeatureFile {
  std::optional<torch::Tensor> rows;
  std::optional<eval::Gaussian> statistics;  // count is 0 where the file does not tell it, as pytorch-fid's
};

// .safetensors and .npz: the tensor `features`, or the only one there is, [N,D]; .npz with mu and sigma, and perhaps n:
// statistics (pytorch-fid's); .npy: [N,D]. Throws io::DataError: as io::read_npz and io::SafetensorsFile,
// UnsupportedFormat for another extension or content, NotFinite.
FeatureFile read_features(const std::filesystem::path& path);

// .npz with mu [D], sigma [D,D] float64 and n.
void write_gaussian(const std::filesystem::path& path, const eval::Gaussian& gaussian);

}  // namespace ctforge::pipeline
