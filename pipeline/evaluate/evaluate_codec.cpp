// Round trips of real patches.
#include "pipeline/evaluate/evaluate_codec.h"

#include "io/file/fault.h"
#include "pipeline/observe/log.h"
#include "pipeline/sample/generator.h"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace ctforge::pipeline {

namespace {

constexpr std::size_t kCodecBatch = 16;  // patches whose features are in memory at a time

}  // namespace

std::optional<LossyCodec> find_lossy_codec(const Context& context) {
  const auto folder = context.out / "checkpoints";
  if (!std::filesystem::exists(folder)) return std::nullopt;
  try {
    const Generator generator = load_generator(folder, torch::Device(context.device));
    if (generator.autoencoder_sha256.empty()) return std::nullopt;
    return LossyCodec{generator.codec, generator.autoencoder_sha256};
  } catch (const io::DataError& error) {
    log_info(std::string("evaluate: no row for the autoencoder alone: ") + error.what());
    return std::nullopt;
  }
}

eval::PatchSet reconstructed(const eval::PatchSet& real, const diffusion::Codec& codec) {
  eval::PatchSet set = real;
  set.pixels = [original = real.pixels, window = real.window_hu, codec](std::span<const std::int64_t> indices) {
    std::vector<torch::Tensor> hu, mask;
    for (std::size_t first = 0; first < indices.size(); first += kCodecBatch) {
      const eval::Pixels pixels = original(indices.subspan(first, std::min(kCodecBatch, indices.size() - first)));
      const torch::Tensor image = eval::windowed(pixels.hu, window).unsqueeze(1);
      const diffusion::Decoded decoded = codec.decode(codec.encode(image, pixels.mask));
      hu.push_back(eval::unwindowed(decoded.image.squeeze(1), window));
      mask.push_back(decoded.mask.to(torch::kCPU));
    }
    return hu.empty() ? original(indices) : eval::Pixels{torch::cat(hu), torch::cat(mask)};
  };
  return set;
}

}  // namespace ctforge::pipeline
