// Drawing samples from a generator in memory: the parts of models/diffusion put together as the configuration says.
#pragma once

#include "models/diffusion/codec.h"
#include "models/diffusion/precond.h"
#include "pipeline/sample/generator.h"
#include "pipeline/sample/sample.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Throws ConfigError where sample.guidance, guidance_from, blend and steps ask for what the generator has not learned.
void check_guidance(const SampleConfig& config, const Generator& generator);

struct Wanted {
  std::int64_t index = 0;        // of the sample within the run: with the seed, all that its noise depends on
  std::int64_t class_index = 0;  // into the generator's classes
};

struct Drawn {
  diffusion::Decoded decoded;  // on the CPU: image [N,1,H,W] float32 in [-1,1], mask [N,H,W] uint8
  torch::Tensor noise;         // [N,C,h,w] float32 on the CPU: standard, what the samples began with
  torch::Tensor latents;       // [N,C,h,w] float32 on the CPU: what they ended as, before decoding
  // Of their trajectories where the path is the straight one: models/diffusion/straightness.h.
  std::optional<double> straightness;
};

// How many samples a CPU draws together: always those whose indices have the same quotient by it, the missing ones
// drawn too and left out, on one thread. A sample is then the same bits whatever else is drawn, on any number of
// threads: how oneDNN and BLAS sum depends on the size of a batch and on threads. 8 cost 7 % more than 64 do.
inline constexpr std::int64_t kDrawnTogether = 8;
// How many are best asked for at once: `batch`, on a CPU rounded up to a multiple of that.
std::int64_t drawn_at_once(std::int64_t batch, torch::Device device);

// Samples one after the other as wanted. On a GPU they are drawn in one batch. `stop` may be asked by several threads.
// `net` is network(generator) or what stands for it. Nothing when `stop` said so
// after a step. Throws ConfigError as make_times does, std::runtime_error when the network gives values that are no
// numbers.
std::optional<Drawn> draw_samples(const SampleConfig& config, const Generator& generator, const diffusion::Net& net,
                                  std::uint64_t seed, const std::vector<Wanted>& wanted,
                                  const std::function<bool()>& stop = {});

// How often each class is drawn, given its number of training patches: sample.classes, without the classes that
// sample.class_least leaves out, which are named in `notes`. Throws io::DataError(NothingUsable) when it leaves none.
std::vector<double> class_proportions(const SampleConfig& config, std::vector<double> counts,
                                      const std::vector<std::string>& names, std::vector<std::string>& notes);

// Class indices of samples 0 .. count-1, such that every beginning of the list has the proportions to within one
// sample. Proportions are taken relative to their sum; a class of proportion 0 never comes. Throws
// std::invalid_argument when none is positive.
std::vector<std::int64_t> class_sequence(std::int64_t count, const std::vector<double>& proportions);

}  // namespace ctforge::pipeline
