// How a noise level becomes a vector, with the parameter names of diffusers' TimestepEmbedding,
// GaussianFourierProjection and of the table of learned embeddings.
#pragma once

#include <cstdint>

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

namespace ctforge::nets {

// Sines and cosines of c_noise at geometrically spaced frequencies (Vaswani et al. 2017, section 3.5).
// c_noise [N] -> [N,channels] float32.
torch::Tensor sinusoidal_embedding(const torch::Tensor& c_noise, std::int64_t channels, bool flip_sin_to_cos,
                                   double freq_shift);

// Sines, then cosines of 2 pi w log(c_noise) at frequencies w that were drawn once and are not trained (Tancik et al.
// 2020, section 4; Song et al. 2021, appendix C).
class FourierProjectionImpl : public torch::nn::Module {
 public:
  FourierProjectionImpl(std::int64_t frequencies, double scale);
  // c_noise [N] positive -> [N,2*frequencies] float32 (float64 in a network of it). Throws std::invalid_argument where
  // one is not positive.
  torch::Tensor forward(const torch::Tensor& c_noise);

 private:
  torch::Tensor weight;  // [frequencies], a buffer
};
TORCH_MODULE(FourierProjection);

// A vector for each of a number of time steps.
class LearnedProjectionImpl : public torch::nn::Module {
 public:
  LearnedProjectionImpl(std::int64_t steps, std::int64_t channels);
  // c_noise [N], whole numbers in [0,steps) of any type -> [N,channels]. Throws std::invalid_argument for others.
  torch::Tensor forward(const torch::Tensor& c_noise);

 private:
  torch::Tensor weight;  // [steps,channels]
};
TORCH_MODULE(LearnedProjection);

class TimestepEmbeddingImpl : public torch::nn::Module {
 public:
  TimestepEmbeddingImpl(std::int64_t in_channels, std::int64_t out_channels);
  torch::Tensor forward(const torch::Tensor& x);  // [N,in] -> [N,out]

 private:
  torch::nn::Linear linear_1{nullptr}, linear_2{nullptr};
};
TORCH_MODULE(TimestepEmbedding);

}  // namespace ctforge::nets
