// Patches by class, chosen and moved by the sample's own random numbers.
#include "pipeline/sample/starts.h"

#include "io/file/fault.h"
#include "io/file/random.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kStartPatches = 0x7374617274;  // a stream of the samples' seed
constexpr double kElastic = 0.05;                      // of half the edge, by sample.movement 1

PatchTensors opened(const fs::path& data, const io::ShardInfo& patches) {
  if (!io::has_shards(data, "train"))
    throw io::DataError(io::Fault::Unreadable, "sample.strength below 1 needs the prepared data, which is not there");
  PatchTensors all(data, "train", patches.labels.size() > 1);
  if (all.info().classes != patches.classes)
    throw io::DataError(io::Fault::InvalidShard,
                        "the prepared data has other classes than the generator was trained on");
  return all;
}

// Rows of zero mean and unit length.
torch::Tensor standardised(const torch::Tensor& images) {
  const torch::Tensor rows = images.flatten(1).to(torch::kFloat64);
  const torch::Tensor centred = rows - rows.mean(1, true);
  return centred / centred.norm(2, {1}, true).clamp_min(1e-6);
}

}  // namespace

StartPatches::StartPatches(const fs::path& data, const io::ShardInfo& patches, double movement, std::uint64_t seed)
    : patches_(opened(data, patches)),
      of_class_(patches.classes.size()),
      sha256_(split_sha256(data, "train")),
      movement_(movement),
      stream_(io::mix_seed(seed, kStartPatches)) {
  const auto& classes = patches_.classes();
  for (std::size_t i = 0; i < classes.size(); ++i)
    of_class_[static_cast<std::size_t>(classes[i])].push_back(static_cast<std::int64_t>(i));
}

std::vector<double> StartPatches::counts() const {
  std::vector<double> counts;
  for (const auto& of_one : of_class_) counts.push_back(static_cast<double>(of_one.size()));
  return counts;
}

eval::LabelledImages StartPatches::moved(const std::vector<std::int64_t>& indices,
                                         const std::vector<std::int64_t>& classes) const {
  eval::Augmentation standard;
  standard.elastic = kElastic;
  const eval::Augmentation movement = eval::stronger(standard, movement_);
  std::vector<torch::Tensor> images, labels;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const auto& candidates = of_class_.at(static_cast<std::size_t>(classes[i]));
    if (candidates.empty()) throw std::invalid_argument("no patch to begin at");
    const std::uint64_t own = io::mix_seed(stream_, static_cast<std::uint64_t>(indices[i]));
    const PatchBatch patch = patches_.batch({candidates[io::Random(own).below(candidates.size())]});
    eval::LabelledImages start{patch.image, patch.mask.to(torch::kInt64)};
    torch::Generator random = seeded(io::mix_seed(own, 1));
    if (movement_ > 0) start = eval::moved_at_random(start, movement, random);
    images.push_back(start.image);
    labels.push_back(start.label);
  }
  return {torch::cat(images), torch::cat(labels)};
}

StartLatents encoded_starts(std::shared_ptr<const StartPatches> starts, const Generator& generator) {
  return [starts = std::move(starts), encode = generator.codec.encode, device = generator.device](
             const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>& classes) {
    const torch::NoGradGuard no_grad;
    const eval::LabelledImages begun = starts->moved(indices, classes);
    return encode(begun.image.to(device), begun.label.to(device, torch::kUInt8)).to(torch::kFloat32);
  };
}

std::vector<double> start_correlations(const StartPatches& starts, const eval::PatchSet& samples) {
  constexpr std::int64_t kAtOnce = 256;
  std::vector<double> values;
  for (std::int64_t first = 0; first < samples.size(); first += kAtOnce) {
    eval::Indices indices(static_cast<std::size_t>(std::min(kAtOnce, samples.size() - first)));
    std::iota(indices.begin(), indices.end(), first);
    std::vector<std::int64_t> classes;
    for (const std::int64_t i : indices) classes.push_back(samples.class_index[static_cast<std::size_t>(i)]);
    const torch::Tensor drawn = eval::windowed(samples.pixels(indices).hu, samples.window_hu);
    const torch::Tensor products =
        (standardised(drawn) * standardised(starts.moved(indices, classes).image)).sum(1).contiguous();
    values.insert(values.end(), products.data_ptr<double>(), products.data_ptr<double>() + products.numel());
  }
  return values;
}

}  // namespace ctforge::pipeline
