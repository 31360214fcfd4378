// A small network that learns how large the error at a noise level is, beside the network that makes it.
#pragma once

#include <cstdint>

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

namespace ctforge::nets {

// u(c_noise): random Fourier features of c_noise and one linear layer without bias (Karras et al. 2024, appendix
// B.1.3). It begins at 0 everywhere, and is of no use after training.
class ExpectedErrorImpl : public torch::nn::Module {
 public:
  // scale: what c_noise is multiplied with, so that it varies by a few units. The features are drawn from torch's
  // global generator and are part of the module's state.
  explicit ExpectedErrorImpl(double scale, std::int64_t features = 128);
  torch::Tensor forward(const torch::Tensor& c_noise);  // [N] -> [N] float32, the logarithm of the error

 private:
  double scale_;
  torch::Tensor frequencies, phases;  // [features]
  torch::nn::Linear linear{nullptr};
};
TORCH_MODULE(ExpectedError);

}  // namespace ctforge::nets
