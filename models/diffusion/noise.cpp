// Each sample's own generator.
#include "models/diffusion/noise.h"

#include "io/file/random.h"

namespace ctforge::diffusion {

torch::Tensor sample_noise(std::uint64_t run_seed, std::int64_t index, std::int64_t stream, at::IntArrayRef shape) {
  const auto sample_seed = io::mix_seed(run_seed, static_cast<std::uint64_t>(index));
  auto generator =
      at::make_generator<at::CPUGeneratorImpl>(io::mix_seed(sample_seed, static_cast<std::uint64_t>(stream)));
  return torch::randn(shape, generator, torch::TensorOptions().dtype(torch::kFloat32).device(torch::kCPU));
}

torch::Tensor batch_noise(std::uint64_t run_seed, const std::vector<std::int64_t>& indices, std::int64_t stream,
                          at::IntArrayRef shape) {
  std::vector<torch::Tensor> noise;
  noise.reserve(indices.size());
  for (const auto index : indices) noise.push_back(sample_noise(run_seed, index, stream, shape));
  return torch::stack(noise);
}

}  // namespace ctforge::diffusion
