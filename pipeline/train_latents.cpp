// Moments of the latents: encoding, the file, the draws and their scale.
#include "pipeline/train_latents.h"

#include "io/fault.h"
#include "models/nets/weights.h"
#include "pipeline/log.h"
#include "pipeline/save_timer.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kEncodingBatch = 64;

std::optional<LatentMoments> read(const fs::path& path, const std::string& key, std::int64_t patches) {
  if (!fs::exists(path)) return std::nullopt;
  try {
    const auto file = std::make_shared<io::SafetensorsFile>(path);
    const auto found = file->metadata().find("key");
    if (found == file->metadata().end() || found->second != key) return std::nullopt;
    LatentMoments moments(nets::mapped_tensor(file, "mean", 4), nets::mapped_tensor(file, "logvar", 4));
    if (moments.size() == patches) return moments;
  } catch (const io::DataError& error) {
    log_warning(std::string("train: the cache of latents is damaged (") + error.what() + "); it is made again");
  }
  return std::nullopt;
}

}  // namespace

LatentMoments::LatentMoments(torch::Tensor mean, torch::Tensor logvar)
    : mean_(std::move(mean)), logvar_(std::move(logvar)) {
  if (mean_.dim() != 4 || mean_.sizes() != logvar_.sizes() || mean_.numel() == 0)
    throw std::invalid_argument("moments are two tensors [N,C,h,w] of the same shape");
}

torch::Tensor LatentMoments::draw(const std::vector<std::int64_t>& items, torch::Generator& generator) const {
  const auto index = torch::tensor(items, torch::kInt64);
  const nets::Moments chosen{mean_.index_select(0, index), logvar_.index_select(0, index)};
  return chosen.sample(torch::randn(chosen.mean.sizes(), generator));
}

torch::Tensor LatentMoments::shift() const { return mean_.mean({0, 2, 3}, false, torch::kFloat64); }

torch::Tensor LatentMoments::scale() const {
  // Law of total variance: that of the means and the mean of the variances. Patch by patch, for the sake of memory.
  const auto centre = shift().to(torch::kFloat32).view({-1, 1, 1});
  auto sum = torch::zeros({mean_.size(1)}, torch::kFloat64);
  for (std::int64_t i = 0; i < size(); ++i)
    sum += ((mean_[i] - centre).square() + logvar_[i].exp()).to(torch::kFloat64).sum({1, 2});
  const auto variance = sum / static_cast<double>(mean_.numel() / mean_.size(1));
  return variance.clamp_min(1e-12).rsqrt();
}

LatentMoments encode_all(nets::Autoencoder& net, const PatchTensors& patches, torch::Device device,
                         const nets::Tiling& tiling, const Context& context, const PreparePatches& prepare,
                         const LatentParts* parts) {
  const torch::NoGradGuard no_grad;
  torch::Tensor mean, logvar;
  std::int64_t saved = parts != nullptr ? parts->take(patches.size(), mean, logvar) : 0;
  SaveTimer timer(context.save_every_s);
  const auto save = [&](std::int64_t done) {
    if (parts == nullptr || done == saved) return;
    parts->save(saved, mean.slice(0, saved, done), logvar.slice(0, saved, done));
    saved = done;
    timer.saved();
  };
  for (std::int64_t first = saved; first < patches.size(); first += kEncodingBatch) {
    if (context.interrupted()) {
      save(first);
      throw Interrupted{"train"};
    }
    if (timer.due()) save(first);
    const std::int64_t count = std::min(kEncodingBatch, patches.size() - first);
    std::vector<std::int64_t> items(static_cast<std::size_t>(count));
    std::iota(items.begin(), items.end(), first);
    PatchBatch batch = patches.batch(items);
    if (prepare) batch = prepare(std::move(batch), first);
    const auto input = joint_input(batch.image, batch.mask, patches.labels()).to(device);
    const nets::Moments moments = nets::encode_tiled(net, input.contiguous(torch::MemoryFormat::ChannelsLast), tiling);
    if (!mean.defined()) {
      auto shape = moments.mean.sizes().vec();
      shape[0] = patches.size();
      mean = torch::empty(shape, torch::kFloat32);
      logvar = torch::empty(shape, torch::kFloat32);
    }
    mean.narrow(0, first, count).copy_(moments.mean);
    logvar.narrow(0, first, count).copy_(moments.logvar);
    context.progress(first + count, patches.size(), "patches encoded");
  }
  return {mean, logvar};
}

LatentMoments cached_moments(const fs::path& file, const std::string& key, nets::Autoencoder& net,
                             const PatchTensors& patches, torch::Device device, const nets::Tiling& tiling,
                             const Context& context, const PreparePatches& prepare) {
  const LatentParts parts(file, key);
  if (auto found = read(file, key, patches.size())) {
    parts.remove();
    return std::move(*found);
  }
  LatentMoments moments = encode_all(net, patches, device, tiling, context, prepare, &parts);
  if (!torch::isfinite(moments.mean()).all().item<bool>())
    throw std::runtime_error("the autoencoder's latents are not numbers");
  nets::save_tensors(file, {{"mean", moments.mean()}, {"logvar", moments.logvar()}}, {{"key", key}});
  parts.remove();
  return moments;
}

}  // namespace ctforge::pipeline
