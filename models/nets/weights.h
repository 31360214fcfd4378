// A module's weights to and from safetensors files, and the counting of them.
#pragma once

#include "io/file/safetensors.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <torch/nn/module.h>

namespace ctforge::nets {

using NamedTensors = std::map<std::string, torch::Tensor>;

// Trainable elements.
std::int64_t parameter_count(const torch::nn::Module& module);

// Lays the weights of 2D convolutions out with channels innermost, as features with channels innermost want them: a
// convolution else brings them into that order at each call, and its gradient back. The values stay the same.
void use_channels_last(torch::nn::Module& module);

// Parameters and buffers under their dotted names, detached; they share memory with the module.
NamedTensors named_tensors(const torch::nn::Module& module);

// Copies the values into the module, converting to its types and devices. Strict: throws io::DataError(InvalidShard)
// that counts and names missing and unexpected tensors and gives both shapes where they differ; the module is then
// unchanged. `what` begins the message: "the U-Net's weights".
void assign_tensors(torch::nn::Module& module, const NamedTensors& tensors, const std::string& what);

// Written atomically. Floating-point tensors are converted to dtype where given (float32, float16, bfloat16, float64).
// Throws std::invalid_argument for a type safetensors does not have; std::system_error where writing fails.
void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors, const io::Metadata& metadata,
                  std::optional<torch::ScalarType> dtype = std::nullopt);

struct TensorFile {
  NamedTensors tensors;  // on the CPU, own memory, types as in the file
  io::Metadata metadata;
};
// Throws io::DataError as io::SafetensorsFile does.
TensorFile load_tensors(const std::filesystem::path& path);

// A float32 tensor of the mapped file, which it keeps open, for what may be larger than memory;
// not to be written to. Throws io::DataError(InvalidShard) for another type or number of dimensions.
torch::Tensor mapped_tensor(const std::shared_ptr<io::SafetensorsFile>& file, const std::string& name,
                            std::size_t dimensions);

// A module's weights. Reading is strict, as assign_tensors; it returns the file's metadata.
void save_weights(const torch::nn::Module& module, const std::filesystem::path& path, const io::Metadata& metadata,
                  std::optional<torch::ScalarType> dtype = std::nullopt);
io::Metadata load_weights(torch::nn::Module& module, const std::filesystem::path& path);

}  // namespace ctforge::nets
