// Random numbers of samples: each sample has its own, whatever batch, device or run of the program it is drawn in.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

namespace ctforge::diffusion {

// Noise of the shape of x for step i of a solver.
using NoiseSource = std::function<torch::Tensor(int step)>;

// Streams of one sample: its starting noise, and that of step i of a solver, kFirstStepStream + i.
inline constexpr std::int64_t kStartStream = 0;
inline constexpr std::int64_t kFirstStepStream = 1;

// Standard normal noise of `shape`, float32 on the CPU, of sample `index` of a run: depends on (run_seed, index,
// stream) alone, through io::mix_seed.
torch::Tensor sample_noise(std::uint64_t run_seed, std::int64_t index, std::int64_t stream, at::IntArrayRef shape);

// sample_noise of several samples side by side: [N, shape...].
torch::Tensor batch_noise(std::uint64_t run_seed, const std::vector<std::int64_t>& indices, std::int64_t stream,
                          at::IntArrayRef shape);

}  // namespace ctforge::diffusion
