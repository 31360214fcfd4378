// Features of CT patches: resizing as other programs do it, and the networks that yield them.
#include "eval/features.h"

#include "io/file/digest.h"
#include "io/file/fault.h"
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
      : Extractor(kLite0Name, io::sha256_file(path), Resize::Clean, ""), net_(nets::load_lite0(path)), device_(device) {
    net_->to(device);
  }
  torch::Tensor features(const torch::Tensor& grey) override {
    const torch::NoGradGuard no_gradients;
    return net_->features(resize_grey(grey, nets::kLite0Size, resize()).to(device_)).to(torch::kCPU, torch::kFloat32);
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

torch::Tensor channels(const std::array<double, 3>& values) {
  return torch::tensor(std::vector<float>(values.begin(), values.end())).view({1, 3, 1, 1});
}

std::string text_of(const TorchScriptInput& input) {
  std::string text = " " + std::to_string(input.size);
  for (const double value : input.mean) text += " " + std::to_string(value);
  for (const double value : input.scale) text += " " + std::to_string(value);
  return text;
}

class TorchScriptExtractor : public Extractor {
 public:
  TorchScriptExtractor(std::string name, const fs::path& path, torch::jit::Module module, TorchScriptInput input,
                       Resize resize, std::int64_t expected, torch::Device device)
      : Extractor(std::move(name), io::sha256_file(path), resize, text_of(input)),
        module_(std::move(module)),
        size_(input.size),
        mean_(channels(input.mean).to(device)),
        scale_(channels(input.scale).to(device)),
        expected_(expected),
        device_(device) {}

  torch::Tensor features(const torch::Tensor& grey) override {
    const torch::NoGradGuard no_gradients;
    const torch::Tensor x = (resize_grey(grey, size_, resize()).to(device_) - mean_) / scale_;
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
  std::int64_t size_;
  torch::Tensor mean_, scale_;  // [1,3,1,1] float32
  std::int64_t expected_;       // features; 0: any number
  torch::Device device_;
};

// [n,1,H,W] -> [n,1,size,size] by linear interpolation along both axes between pixel floor(i * in / out) and the next.
torch::Tensor resize_tf1(const torch::Tensor& x, std::int64_t size) {
  torch::Tensor out = x;
  for (const std::int64_t axis : {2, 3}) {
    const std::int64_t last = x.size(axis) - 1;
    const double step = static_cast<double>(x.size(axis)) / static_cast<double>(size);
    const torch::Tensor place = torch::arange(size, torch::kFloat64) * step;
    const torch::Tensor low = place.floor();
    const torch::Tensor first = low.to(torch::kInt64).clamp_max(last), second = (first + 1).clamp_max(last);
    std::vector<std::int64_t> along(4, 1);
    along[static_cast<std::size_t>(axis)] = size;
    const torch::Tensor part = (place - low).to(torch::kFloat32).view(along);
    const torch::Tensor near = out.index_select(axis, first);
    out = near + (out.index_select(axis, second) - near) * part;
  }
  return out;
}

torch::Tensor interpolated(const torch::Tensor& x, std::int64_t size, bool clean) {
  namespace F = torch::nn::functional;
  auto options = F::InterpolateFuncOptions().size(std::vector<std::int64_t>{size, size}).align_corners(false);
  if (!clean) return F::interpolate(x, options.mode(torch::kBilinear));
  return F::interpolate(x, options.mode(torch::kBicubic).antialias(true)).clamp(0, 255);
}

constexpr std::pair<Resize, const char*> kResizeNames[] = {
    {Resize::Clean, "clean"}, {Resize::Pytorch, "pytorch"}, {Resize::Tf1, "tf1"}, {Resize::None, "none"}};

}  // namespace

const char* resize_name(Resize mode) {
  for (const auto& [value, name] : kResizeNames)
    if (value == mode) return name;
  throw std::invalid_argument("a way of resizing without a name");
}

Resize resize_named(const std::string& name) {
  for (const auto& [value, known] : kResizeNames)
    if (name == known) return value;
  throw std::invalid_argument("no way of resizing is called '" + name + "'");
}

std::unique_ptr<Extractor> lite0_extractor(const fs::path& path, torch::Device device) {
  return std::make_unique<Lite0Extractor>(path, device);
}

std::unique_ptr<Extractor> inception_extractor(const fs::path& path, Resize resize, torch::Device device) {
  if (resize == Resize::None) throw std::invalid_argument("Inception's input has one size");
  torch::jit::Module base = load_module(path, device);
  if (!base.hasattr("layers") || !base.attr("layers").isModule()) {
    throw io::DataError(io::Fault::UnsupportedFormat,
                        "the module given as Inception has no `layers`: it is not inception-2015-12-05.pt");
  }
  const double middle = resize == Resize::Pytorch ? 127.5 : 128;
  const TorchScriptInput input{kInceptionSize, {middle, middle, middle}, {middle, middle, middle}};
  return std::make_unique<TorchScriptExtractor>(kInceptionName, path, base.attr("layers").toModule(), input, resize,
                                                kInceptionFeatures, device);
}

std::unique_ptr<Extractor> torchscript_extractor(const fs::path& path, const TorchScriptInput& input,
                                                 torch::Device device) {
  if (input.size < 0 || !(std::min({input.scale[0], input.scale[1], input.scale[2]}) > 0))
    throw std::invalid_argument("an extractor's size and scale are positive");
  return std::make_unique<TorchScriptExtractor>(kTorchScriptName, path, load_module(path, device), input,
                                                input.size == 0 ? Resize::None : Resize::Clean, 0, device);
}

torch::Tensor grey_levels(const torch::Tensor& hu, const std::array<double, 2>& window_hu) {
  return windowed(hu, window_hu).add(1).mul(127.5).round().to(torch::kUInt8);
}

torch::Tensor resize_grey(const torch::Tensor& grey, std::int64_t size, Resize mode) {
  if (grey.dim() != 3 || grey.scalar_type() != torch::kUInt8) {
    throw std::invalid_argument("grey levels must be uint8 [n,H,W]");
  }
  torch::Tensor x = grey.unsqueeze(1).to(torch::kFloat32);
  if (mode != Resize::None && (x.size(2) != size || x.size(3) != size))
    x = mode == Resize::Tf1 ? resize_tf1(x, size) : interpolated(x, size, mode == Resize::Clean);
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
