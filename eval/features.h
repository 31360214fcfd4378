// Features of CT patches from a network: EfficientNet-Lite0 by default, Inception for FID proper, or any TorchScript.
//
// Grayscale to network: a fixed HU window to [0,255], rounded to uint8 (as an image file would hold it), resized with
// antialiased bicubic interpolation in floating point, clipped to [0,255] and not requantised, the channel repeated.
// This is clean-fid's "clean" mode (Parmar, Zhang and Zhu 2022, arXiv 2104.11222). Never per-image minimum and maximum.
#pragma once

#include "eval/patch_set.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <torch/types.h>

namespace ctforge::eval {

// Names under which distances are published: a distance on other features than Inception's is never called FID.
inline constexpr const char* kLite0Name = "fd_lite0";
inline constexpr const char* kInceptionName = "fid";
inline constexpr const char* kTorchScriptName = "fd_torchscript";

class Extractor {
 public:
  virtual ~Extractor() = default;
  // grey [n,H,W] uint8 -> [n,D] float32 on the CPU. Throws std::invalid_argument for other input, and
  // io::DataError(UnsupportedFormat) when the network does not yield [n,D].
  virtual torch::Tensor features(const torch::Tensor& grey) = 0;
  const std::string& name() const { return name_; }
  const std::string& weights_sha256() const { return weights_sha256_; }

 protected:
  Extractor(std::string name, std::string weights_sha256)
      : name_(std::move(name)), weights_sha256_(std::move(weights_sha256)) {}

 private:
  std::string name_, weights_sha256_;
};

// EfficientNet-Lite0 from its file: 224x224, (x - 127) / 128, 1280 features. Throws as nets::load_lite0.
std::unique_ptr<Extractor> lite0_extractor(const std::filesystem::path& path, torch::Device device);

// NVIDIA's inception-2015-12-05.pt: 299x299, (x - 128) / 128, its own resizing passed by through its `layers`
// submodule, 2048 features. Throws io::DataError(Unreadable, UnsupportedFormat) when it is no such module.
std::unique_ptr<Extractor> inception_extractor(const std::filesystem::path& path, torch::Device device);

// What another TorchScript module takes: [n,3,size,size] float32 of (x - mean) / scale with x in [0,255].
struct TorchScriptInput {
  std::int64_t size = 224;  // pixels along an edge
  double mean = 127;        // subtracted, grey levels
  double scale = 128;       // divided by, grey levels
};
// Any TorchScript module whose forward() yields [n,D] or [n,D,1,1].
std::unique_ptr<Extractor> torchscript_extractor(const std::filesystem::path& path, const TorchScriptInput& input,
                                                 torch::Device device);

// HU of any integer type to grey levels: the window's ends become 0 and 255, rounded, clipped. uint8 of the same shape.
torch::Tensor grey_levels(const torch::Tensor& hu, const std::array<double, 2>& window_hu);

// grey [n,H,W] uint8 -> [n,3,size,size] float32 in [0,255].
torch::Tensor resize_clean(const torch::Tensor& grey, std::int64_t size);

// Features [N,D] of every patch, `batch` at a time; `each` is called with the number done after every batch and may
// throw to stop.
torch::Tensor extract(Extractor& extractor, const PatchSet& set, std::int64_t batch,
                      const std::function<void(std::int64_t)>& each);

}  // namespace ctforge::eval
