// Moments of the latents: encoding, the file, the draws and their scale.
#include "pipeline/train/train_latents.h"

#include "io/file/fault.h"
#include "models/nets/weights.h"
#include "models/train/parallel.h"
#include "pipeline/observe/log.h"
#include "pipeline/train/save_timer.h"

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

std::optional<LatentMoments> read_moments(const fs::path& path, const std::string& key, std::int64_t patches) {
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

torch::Tensor LatentMoments::draw(const std::vector<std::int64_t>& items, const nets::BatchShare& share,
                                  torch::Generator& generator) const {
  auto sizes = mean_.sizes().vec();
  sizes[0] = share.whole;
  const auto noise = share.of(torch::randn(sizes, generator));
  const auto index = torch::tensor(share.of(items), torch::kInt64);
  return nets::Moments{mean_.index_select(0, index), logvar_.index_select(0, index)}.sample(noise);
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

namespace {

// Mean and logarithm of the variance of kEncodingBatch patches from `first`, or of those that are left: [2,n,C,h,w] on
// the CPU.
torch::Tensor encode_batch(nets::Autoencoder& net, const PatchTensors& patches, std::int64_t first,
                           torch::Device device, const nets::Tiling& tiling, const PreparePatches& prepare) {
  std::vector<std::int64_t> items(static_cast<std::size_t>(std::min(kEncodingBatch, patches.size() - first)));
  std::iota(items.begin(), items.end(), first);
  PatchBatch batch = patches.batch(items);
  if (prepare) batch = prepare(std::move(batch), first);
  const auto input = joint_input(batch.image, batch.mask, patches.labels()).to(device);
  const nets::Moments moments = nets::encode_tiled(net, input.contiguous(torch::MemoryFormat::ChannelsLast), tiling);
  return torch::stack({moments.mean, moments.logvar}).to(torch::kCPU, torch::kFloat32).contiguous();
}

}  // namespace

LatentMoments encode_all(nets::Autoencoder& net, const PatchTensors& patches, torch::Device device,
                         const nets::Tiling& tiling, const Context& context, const PreparePatches& prepare,
                         const LatentParts* parts) {
  const torch::NoGradGuard no_grad;
  train::Group* group = context.group;
  const std::int64_t processes = group != nullptr ? group->size() : 1, rank = group != nullptr ? group->rank() : 0;
  torch::Tensor all;  // [2,N,C,h,w]
  torch::Tensor mean, logvar;
  std::int64_t saved = parts != nullptr ? parts->take(patches.size(), mean, logvar) : 0;
  if (saved > 0) all = torch::stack({mean, logvar});
  SaveTimer timer(context.save_every_s);
  const auto save = [&](std::int64_t done) {
    if (parts == nullptr || done == saved) return;
    parts->save(saved, all[0].slice(0, saved, done), all[1].slice(0, saved, done));
    saved = done;
    timer.saved();
  };
  const auto keep = [&](std::int64_t first, const torch::Tensor& found) {
    if (first >= patches.size()) return;
    if (!all.defined()) {
      auto shape = found.sizes().vec();
      shape[1] = patches.size();
      all = torch::empty(shape, torch::kFloat32);
    }
    const std::int64_t count = std::min(kEncodingBatch, patches.size() - first);
    all.narrow(1, first, count).copy_(found.narrow(1, 0, count));
  };
  // Round by round, one batch a process: batches are the same however many processes there are.
  for (std::int64_t round = saved; round < patches.size(); round += processes * kEncodingBatch) {
    const bool stop = context.interrupted();
    if (group != nullptr ? group->any(stop) : stop) {
      save(round);
      throw Interrupted{"train"};
    }
    if (timer.due()) save(round);
    const std::int64_t first = round + rank * kEncodingBatch;
    if (group == nullptr) {
      keep(first, encode_batch(net, patches, first, device, tiling, prepare));
    } else {
      // Where the last round has less than a batch for this process, something to give all the same.
      auto own = encode_batch(net, patches, first < patches.size() ? first : 0, device, tiling, prepare);
      own = torch::constant_pad_nd(own, {0, 0, 0, 0, 0, 0, 0, kEncodingBatch - own.size(1)});
      const auto found = group->gather(own);
      for (std::int64_t i = 0; i < processes; ++i) keep(round + i * kEncodingBatch, found[static_cast<std::size_t>(i)]);
    }
    context.progress(std::min(round + processes * kEncodingBatch, patches.size()), patches.size(), "patches encoded");
  }
  return {all[0], all[1]};
}

LatentMoments cached_moments(const fs::path& file, const std::string& key, nets::Autoencoder& net,
                             const PatchTensors& patches, torch::Device device, const nets::Tiling& tiling,
                             const Context& context, const PreparePatches& prepare) {
  // Several processes save nothing on the way: each has but a part of it.
  const LatentParts parts(file, key);
  auto found = read_moments(file, key, patches.size());
  const bool here = context.group != nullptr ? !context.group->any(!found) : found.has_value();
  if (here) {
    if (context.leads) parts.remove();
    return std::move(*found);
  }
  LatentMoments moments =
      encode_all(net, patches, device, tiling, context, prepare, context.group == nullptr ? &parts : nullptr);
  if (!torch::isfinite(moments.mean()).all().item<bool>())
    throw std::runtime_error("the autoencoder's latents are not numbers");
  if (context.leads) nets::save_tensors(file, {{"mean", moments.mean()}, {"logvar", moments.logvar()}}, {{"key", key}});
  if (context.leads) parts.remove();
  if (context.group == nullptr) return moments;
  // Processes of one machine then share its memory. Another machine may see the file only later.
  context.group->barrier();
  auto written = read_moments(file, key, patches.size());
  return written ? std::move(*written) : moments;
}

}  // namespace ctforge::pipeline
