// Solver, guidance and codec as the configuration names them.
#include "pipeline/draw.h"

#include "io/fault.h"
#include "models/diffusion/guide.h"
#include "pipeline/config_tree.h"
#include "pipeline/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace {

using diffusion::Denoise;

Denoise guided(const SampleConfig& config, const Generator& generator, const diffusion::Net& net,
               const torch::Tensor& labels) {
  const Denoise conditional = diffusion::bind(net, generator.parametrisation, {labels});
  if (config.guidance == 1) return conditional;
  const Denoise unconditional =
      diffusion::bind(net, generator.parametrisation, {torch::full_like(labels, generator.no_class())});
  return diffusion::guide(
      unconditional, {{conditional, config.guidance}}, conditional,
      {config.guidance_low, config.guidance_high == 0 ? std::numeric_limits<double>::infinity() : config.guidance_high},
      generator.parametrisation.path);
}

}  // namespace

std::optional<diffusion::Decoded> draw_samples(const SampleConfig& config, const Generator& generator,
                                               const diffusion::Net& net, std::uint64_t seed,
                                               const std::vector<Wanted>& wanted, const std::function<bool()>& stop) {
  const torch::NoGradGuard no_grad;
  const auto& path = generator.parametrisation.path;
  std::vector<std::int64_t> indices, classes;
  for (const Wanted& sample : wanted) {
    indices.push_back(sample.index);
    classes.push_back(sample.class_index);
  }
  const auto labels = torch::tensor(classes, torch::kInt64).to(generator.device);
  const auto noise_of = [&](std::int64_t stream) {
    return diffusion::batch_noise(seed, indices, stream, generator.latent_shape).to(generator.device);
  };

  Denoise denoise = guided(config, generator, net, labels);
  if (config.clip > 0) denoise = diffusion::clipped(denoise, config.clip);
  bool stopped = false;
  const auto hook = [&](int, const torch::Tensor&) { return !(stopped = stop && stop()); };
  const auto latents = solve(
      config, denoise, path, noise_of(diffusion::kStartStream),
      [&](int step) { return noise_of(diffusion::kFirstStepStream + step); }, hook);
  if (stopped) return std::nullopt;

  if (!torch::isfinite(latents).all().item<bool>()) {
    throw std::runtime_error(
        "the generator's samples are not numbers: its training diverged, or guidance is too strong");
  }
  auto decoded = generator.codec.decode(latents.to(torch::kFloat32));
  return diffusion::Decoded{decoded.image.to(torch::kCPU, torch::kFloat32).contiguous(),
                            decoded.mask.to(torch::kCPU, torch::kUInt8).contiguous()};
}

std::vector<double> class_proportions(const SampleConfig& config, std::vector<double> counts,
                                      const std::vector<std::string>& names, std::vector<std::string>& notes) {
  const auto least = static_cast<double>(config.class_least);
  if (*std::max_element(counts.begin(), counts.end()) < least)
    throw io::DataError(io::Fault::NothingUsable, "no class has the " + std::to_string(config.class_least) +
                                                      " training patches that sample.class_least asks for");
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0 && counts[c] < least)
      notes.push_back("class '" + names[c] + "' is not drawn: it has " + std::to_string(std::llround(counts[c])) +
                      " training patches, fewer than sample.class_least");
    if (counts[c] < least) counts[c] = 0;
    if (config.classes == "balanced" && counts[c] > 0) counts[c] = 1;
  }
  return counts;
}

std::vector<std::int64_t> class_sequence(std::int64_t count, const std::vector<double>& proportions) {
  const double sum = std::accumulate(proportions.begin(), proportions.end(), 0.0);
  if (!(sum > 0)) throw std::invalid_argument("no class has a positive proportion");
  std::vector<double> given(proportions.size(), 0.0);
  std::vector<std::int64_t> sequence;
  for (std::int64_t i = 0; i < count; ++i) {
    // The class that lags most behind its share of i + 1 samples; the first of equals.
    std::size_t next = proportions.size();
    double greatest = 0;
    for (std::size_t k = 0; k < proportions.size(); ++k) {
      const double lag = proportions[k] / sum * static_cast<double>(i + 1) - given[k];
      if (proportions[k] > 0 && (next == proportions.size() || lag > greatest + 1e-9)) {
        next = k;
        greatest = lag;
      }
    }
    given[next] += 1;
    sequence.push_back(static_cast<std::int64_t>(next));
  }
  return sequence;
}

}  // namespace ctforge::pipeline
