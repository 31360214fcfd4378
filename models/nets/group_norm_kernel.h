// The loops behind group_norm_act on raw CPU memory: statistics, forward and backward, in float32 or bfloat16.
#pragma once

#include <cstdint>

namespace ctforge::nets::kernel {

enum class Element { Float32, BFloat16 };
enum class Act { None, Silu, LeakyRelu };

// A dense array of samples x channels x pixels; with channels_last the channels of a pixel are adjacent, else its
// pixels of a channel are.
struct Problem {
  std::int64_t samples = 0, channels = 0, pixels = 0, groups = 1;
  bool channels_last = false;
  Element element = Element::Float32;
  Act act = Act::None;
  float leaky_slope = 0;
  double eps = 0;
};

// Everything that a pass reads. Sizes in elements.
struct Inputs {
  const void* x = nullptr;        // samples*channels*pixels of Problem::element
  const float* weight = nullptr;  // channels
  const float* bias = nullptr;    // channels
  const float* shift = nullptr;   // samples*channels added to x, or null
};

// y like x; mean and rstd [samples*groups] are kept for the backward pass. Runs on LibTorch's threads; the result does
// not depend on their number.
void group_norm_forward(const Problem& problem, const Inputs& in, void* y, float* mean, float* rstd);

struct Gradients {
  void* x = nullptr;        // like x
  float* weight = nullptr;  // channels
  float* bias = nullptr;    // channels
  float* shift = nullptr;   // samples*channels, or null
};
void group_norm_backward(const Problem& problem, const Inputs& in, const float* mean, const float* rstd,
                         const void* grad_y, const Gradients& out);

}  // namespace ctforge::nets::kernel
