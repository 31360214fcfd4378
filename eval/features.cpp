// Features of CT patches: resizing as clean-fid does, and the networks that yield them.
#include "eval/features.h"

#include "io/digest.h"
#include "io/fault.h"
#include "models/nets/lite0.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include <torch/nn/functional/upsampling.h>
#include <torch/script.h>
#include <torch/utils.h>

namespace ctforge::eval {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kInceptionSize = 299;
constexpr std::int64_t kInceptionFeatures = 2048;

class Lite0Extractor : public Extractor {
 public:
  Lite0Extractor(const fs::path& path, torch::Device device)
      : Extractor(kLite0Name, io::sha256_file(path)), net_(nets::load_lite0(path)), device_(device) {
    net_->to(device);
  }
  torch::Tensor features(const torch::Tensor& grey) override {
    const torch::NoGradGuard no_gradients;
    return net_->features(resize_clean(grey, nets::kLite0Size).to(device_)).to(torch::kCPU, torch::kFloat32);
  }

 private:
  nets::Lite0 net_;
  torch::Device device_;
};

torch::jit::Module load_module(const fs::path& path, torch::Device device) {
  try {
    torch::jit::Module module = torch::jit::load(path.string(), device);
    module.eval();
    return module;
  } catch (const c10::Error&) {
    throw io::DataError(io::Fault::Unreadable, "a feature extractor cannot be read as TorchScript");
  }
}

class TorchScriptExtractor : public Extractor {
 public:
  TorchScriptExtractor(std::string name, const fs::path& path, torch::jit::Module module, TorchScriptInput input,
                       std::int64_t expected, torch::Device device)
      : Extractor(std::move(name), io::sha256_file(path)),
        module_(std::move(module)),
        input_(input),
        expected_(expected),
        device_(device) {}

  torch::Tensor features(const torch::Tensor& grey) override {
    const torch::NoGradGuard no_gradients;
    const torch::Tensor x = (resize_clean(grey, input_.size).to(device_) - input_.mean) / input_.scale;
    torch::Tensor out;
    try {
      const torch::IValue value = module_.forward({x});
      if (value.isTensor()) out = value.toTensor();
    } catch (const std::exception&) {  // TorchScript throws c10::Error, torch::jit::ErrorReport and its own
      throw io::DataError(io::Fault::UnsupportedFormat, name() + ": the TorchScript extractor failed on its input");
    }
    if (!out.defined() || out.dim() < 2 || out.size(0) != grey.size(0) || out.numel() != out.size(0) * out.size(1) ||
        (expected_ > 0 && out.size(1) != expected_)) {
      throw io::DataError(io::Fault::UnsupportedFormat, name() + ": the TorchScript extractor does not yield [n,D]");
    }
    return out.flatten(1).to(torch::kCPU, torch::kFloat32);
  }

 private:
  torch::jit::Module module_;
  TorchScriptInput input_;
  std::int64_t expected_;  // features; 0: any number
  torch::Device device_;
};

}  // namespace

std::unique_ptr<Extractor> lite0_extractor(const fs::path& path, torch::Device device) {
  return std::make_unique<Lite0Extractor>(path, device);
}

std::unique_ptr<Extractor> inception_extractor(const fs::path& path, torch::Device device) {
  torch::jit::Module base = load_module(path, device);
  if (!base.hasattr("layers") || !base.attr("layers").isModule()) {
    throw io::DataError(io::Fault::UnsupportedFormat,
                        "the module given as Inception has no `layers`: it is not inception-2015-12-05.pt");
  }
  return std::make_unique<TorchScriptExtractor>(kInceptionName, path, base.attr("layers").toModule(),
                                                TorchScriptInput{kInceptionSize, 128, 128}, kInceptionFeatures, device);
}

std::unique_ptr<Extractor> torchscript_extractor(const fs::path& path, const TorchScriptInput& input,
                                                 torch::Device device) {
  if (input.size < 1 || !(input.scale > 0)) throw std::invalid_argument("an extractor's size and scale are positive");
  return std::make_unique<TorchScriptExtractor>(kTorchScriptName, path, load_module(path, device), input, 0, device);
}

torch::Tensor grey_levels(const torch::Tensor& hu, const std::array<double, 2>& window_hu) {
  return windowed(hu, window_hu).add(1).mul(127.5).round().to(torch::kUInt8);
}

torch::Tensor resize_clean(const torch::Tensor& grey, std::int64_t size) {
  if (grey.dim() != 3 || grey.scalar_type() != torch::kUInt8) {
    throw std::invalid_argument("grey levels must be uint8 [n,H,W]");
  }
  torch::Tensor x = grey.unsqueeze(1).to(torch::kFloat32);
  if (x.size(2) != size || x.size(3) != size) {
    namespace F = torch::nn::functional;
    x = F::interpolate(x, F::InterpolateFuncOptions()
                              .size(std::vector<std::int64_t>{size, size})
                              .mode(torch::kBicubic)
                              .align_corners(false)
                              .antialias(true));
    x = x.clamp(0, 255);
  }
  return x.expand({-1, 3, -1, -1}).contiguous();  // [n,3,size,size]
}

torch::Tensor extract(Extractor& extractor, const PatchSet& set, std::int64_t batch,
                      const std::function<void(std::int64_t)>& each) {
  if (set.size() == 0 || batch < 1) throw std::invalid_argument("features need at least one patch and a batch");
  std::vector<torch::Tensor> parts;
  for (std::int64_t start = 0; start < set.size(); start += batch) {
    Indices indices(static_cast<std::size_t>(std::min(batch, set.size() - start)));
    std::iota(indices.begin(), indices.end(), start);
    parts.push_back(extractor.features(grey_levels(set.pixels(indices).hu, set.window_hu)));
    each(start + std::ssize(indices));
  }
  return torch::cat(parts);
}

}  // namespace ctforge::eval
