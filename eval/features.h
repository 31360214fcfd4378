// Features of CT patches from a network: EfficientNet-Lite0 by default, Inception for FID proper, or any TorchScript.
//
// Grayscale to network: a fixed HU window to [0,255], rounded to uint8 (as an image file would hold it), resized with
// antialiased bicubic interpolation in floating point, clipped to [0,255] and not requantised, the channel repeated.
// This is clean-fid's "clean" mode (Parmar, Zhang and Zhu 2022, arXiv 2104.11222). Never per-image minimum and maximum.
// The resizing of other programs can be asked for, since published distances depend on it.
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

// How images reach a network's size, each in floating point.
enum class Resize {
  Clean,    // clean-fid: bicubic with antialiasing, clipped, as Pillow's
  Pytorch,  // pytorch-fid: bilinear without antialiasing, pixel centres at half
  Tf1,      // the original code of FID in TensorFlow 1, torch-fidelity, stylegan3: bilinear, pixel i at i * in / out
  None,     // as large as they are
};
// "clean", "pytorch", "tf1", "none".
const char* resize_name(Resize mode);
// Throws std::invalid_argument for another name.
Resize resize_named(const std::string& name);

class Extractor {
 public:
  virtual ~Extractor() = default;
  // grey [n,H,W] uint8 -> [n,D] float32 on the CPU. Throws std::invalid_argument for other input, and
  // io::DataError(UnsupportedFormat) when the network does not yield [n,D].
  virtual torch::Tensor features(const torch::Tensor& grey) = 0;
  const std::string& name() const { return name_; }
  const std::string& weights_sha256() const { return weights_sha256_; }
  Resize resize() const { return resize_; }
  // Of the way from grey levels to what the network is fed, for keys of what is kept.
  const std::string& input() const { return input_; }

 protected:
  Extractor(std::string name, std::string weights_sha256, Resize resize, std::string input)
      : name_(std::move(name)),
        weights_sha256_(std::move(weights_sha256)),
        resize_(resize),
        input_(resize_name(resize) + std::move(input)) {}

 private:
  std::string name_, weights_sha256_;
  Resize resize_;
  std::string input_;
};

// EfficientNet-Lite0 from its file: 224x224, (x - 127) / 128, 1280 features. Throws as nets::load_lite0.
std::unique_ptr<Extractor> lite0_extractor(const std::filesystem::path& path, torch::Device device);

// NVIDIA's inception-2015-12-05.pt: 299x299, (x - 128) / 128, or 2 x / 255 - 1 where images are resized as pytorch-fid
// does; its own resizing passed by through its `layers` submodule, 2048 features. Throws io::DataError(Unreadable,
// UnsupportedFormat) when it is no such module, std::invalid_argument for Resize::None.
std::unique_ptr<Extractor> inception_extractor(const std::filesystem::path& path, Resize resize, torch::Device device);

// What another TorchScript module takes: [n,3,size,size] float32 of (x - mean) / scale with x in [0,255], mean and
// scale of each channel in the order in which the network has them.
struct TorchScriptInput {
  std::int64_t size = 224;  // pixels along an edge; 0: images as they are
  std::array<double, 3> mean = {127, 127, 127};
  std::array<double, 3> scale = {128, 128, 128};
};
// Any TorchScript module whose forward() yields [n,D] or [n,D,1,1].
std::unique_ptr<Extractor> torchscript_extractor(const std::filesystem::path& path, const TorchScriptInput& input,
                                                 torch::Device device);

// HU of any integer type to grey levels: the window's ends become 0 and 255, rounded, clipped. uint8 of the same shape.
torch::Tensor grey_levels(const torch::Tensor& hu, const std::array<double, 2>& window_hu);

// grey [n,H,W] uint8 -> [n,3,size,size] float32 in [0,255]; [n,3,H,W] for Resize::None.
torch::Tensor resize_grey(const torch::Tensor& grey, std::int64_t size, Resize mode);

// Features [N,D] of every patch, `batch` at a time; `each` is called with the number done after every batch and may
// throw to stop.
torch::Tensor extract(Extractor& extractor, const PatchSet& set, std::int64_t batch,
                      const std::function<void(std::int64_t)>& each);

}  // namespace ctforge::eval
