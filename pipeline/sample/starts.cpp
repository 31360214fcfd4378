// Patches by class, chosen and moved by the sample's own random numbers.
#include "pipeline/sample/starts.h"

#include "eval/augment.h"
#include "io/file/fault.h"
#include "io/file/random.h"
#include "io/file/shard.h"
#include "pipeline/train/train_data.h"

#include <memory>
#include <string>
#include <utility>

namespace ctforge::pipeline {

namespace {

constexpr std::uint64_t kStartPatches = 0x7374617274;  // a stream of the samples' seed

// The movement of sample.movement 1.
constexpr double kElastic = 0.05;  // of half the edge

struct PatchesByClass {
  PatchTensors patches;
  std::vector<std::vector<std::int64_t>> of_class;
};

PatchesByClass by_class(const std::filesystem::path& data, const Generator& generator,
                        const std::vector<double>& proportions) {
  if (!io::has_shards(data, "train"))
    throw io::DataError(io::Fault::Unreadable, "sample.strength below 1 needs the prepared data, which is not there");
  const bool complete_only = generator.patches.labels.size() > 1;
  PatchesByClass all{PatchTensors(data, "train", complete_only), {}};
  all.of_class.resize(proportions.size());
  const auto& classes = all.patches.classes();
  for (std::size_t i = 0; i < classes.size(); ++i)
    all.of_class[static_cast<std::size_t>(classes[i])].push_back(static_cast<std::int64_t>(i));
  for (std::size_t c = 0; c < proportions.size(); ++c)
    if (proportions[c] > 0 && all.of_class[c].empty())
      throw io::DataError(io::Fault::NothingUsable,
                          "sample.strength below 1 has no fully contoured training patch of "
                          "class '" +
                              generator.patches.classes[c] + "' to begin at");
  return all;
}

eval::LabelledImages moved_patch(const PatchesByClass& all, std::int64_t class_index, double movement,
                                 std::uint64_t seed) {
  const auto& candidates = all.of_class[static_cast<std::size_t>(class_index)];
  const PatchBatch patch = all.patches.batch({candidates[io::Random(seed).below(candidates.size())]});
  const eval::LabelledImages still{patch.image, patch.mask.to(torch::kInt64)};
  if (movement == 0) return still;
  eval::Augmentation standard;
  standard.elastic = kElastic;
  torch::Generator random = seeded(io::mix_seed(seed, 1));
  return eval::moved_at_random(still, eval::stronger(standard, movement), random);
}

}  // namespace

StartLatents patch_starts(const SampleConfig& config, const Generator& generator, const std::filesystem::path& data,
                          std::uint64_t seed, const std::vector<double>& proportions) {
  auto all = std::make_shared<const PatchesByClass>(by_class(data, generator, proportions));
  return [all, movement = config.movement, encode = generator.codec.encode, device = generator.device,
          stream = io::mix_seed(seed, kStartPatches)](const std::vector<std::int64_t>& indices,
                                                      const std::vector<std::int64_t>& classes) {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> images, masks;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const auto patch =
          moved_patch(*all, classes[i], movement, io::mix_seed(stream, static_cast<std::uint64_t>(indices[i])));
      images.push_back(patch.image);
      masks.push_back(patch.label.to(torch::kUInt8));
    }
    return encode(torch::cat(images).to(device), torch::cat(masks).to(device)).to(torch::kFloat32);
  };
}

}  // namespace ctforge::pipeline
