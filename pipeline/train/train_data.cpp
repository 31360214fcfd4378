// Patches to tensors: window, jitter and one-hot masks.
#include "pipeline/train/train_data.h"

#include "io/file/digest.h"
#include "io/file/fault.h"
#include "io/volume/window.h"

#include <algorithm>
#include <cstring>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

// Whether every label but the background was contoured in the series.
bool complete(const io::ShardInfo& info, const std::string& series) {
  const auto found = info.contoured.find(series);
  if (found == info.contoured.end()) return true;
  for (int label = 1; label < static_cast<int>(info.labels.size()); ++label)
    if (std::find(found->second.begin(), found->second.end(), label) == found->second.end()) return false;
  return true;
}

}  // namespace

PatchTensors::PatchTensors(const fs::path& folder, const std::string& prefix, bool complete_only)
    : shards_(folder, prefix) {
  const auto count = static_cast<std::int32_t>(info().classes.size());
  for (std::int64_t i = 0; i < shards_.size(); ++i) {
    const auto view = shards_.at(i);
    if (complete_only && !complete(info(), view.series)) continue;
    items_.push_back(i);
    classes_.push_back(view.class_index);
    if (classes_.back() < 0 || classes_.back() >= count)
      throw io::DataError(io::Fault::InvalidShard, "a patch has class " + std::to_string(classes_.back()) + " of " +
                                                       std::to_string(count) + " classes");
  }
}

PatchBatch PatchTensors::batch(const std::vector<std::int64_t>& items) const {
  const auto count = static_cast<std::int64_t>(items.size());
  const std::int64_t height = info().height, width = info().width;
  PatchBatch batch{torch::empty({count, 1, height, width}, torch::kFloat32),
                   torch::empty({count, height, width}, torch::kUInt8), torch::empty({count}, torch::kInt64)};
  const auto pixels = static_cast<std::size_t>(height * width);
  auto* image = batch.image.data_ptr<float>();
  auto* mask = batch.mask.data_ptr<std::uint8_t>();
  auto* labels = batch.labels.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto view = shards_.at(items_.at(static_cast<std::size_t>(items[i])));
    io::window(view.hu, info().window_hu, {image + i * pixels, pixels});
    std::memcpy(mask + i * pixels, view.mask.data(), pixels);
    labels[i] = view.class_index;
  }
  return batch;
}

std::vector<double> PatchTensors::label_frequencies() const {
  std::vector<std::int64_t> counts(256, 0);
  for (const std::int64_t item : items_) {
    for (const std::uint8_t value : shards_.at(item).mask) ++counts[value];
  }
  const double pixels = static_cast<double>(size() * info().height * info().width);
  std::vector<double> frequencies;
  for (std::size_t label = 0; label < info().labels.size(); ++label)
    frequencies.push_back(static_cast<double>(counts[label]) / pixels);
  return frequencies;
}

PatchBatch jittered(PatchBatch batch, const nets::BatchShare& share, std::int64_t most, torch::Generator& generator) {
  if (most == 0) return batch;
  const std::int64_t count = batch.image.size(0), height = batch.image.size(2), width = batch.image.size(3);
  const auto shift = share.of(torch::randint(-most, most + 1, {share.whole, 2}, generator, torch::kInt64));
  const auto rows = torch::arange(height), columns = torch::arange(width);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto from_row = (rows + shift[i][0]).clamp(0, height - 1);
    const auto from_column = (columns + shift[i][1]).clamp(0, width - 1);
    batch.image[i] = batch.image[i].index_select(1, from_row).index_select(2, from_column);
    batch.mask[i] = batch.mask[i].index_select(0, from_row).index_select(1, from_column);
  }
  return batch;
}

torch::Tensor joint_input(const torch::Tensor& image, const torch::Tensor& mask, std::int64_t labels) {
  // [N,H,W] -> [N,labels,H,W]
  const auto values = torch::arange(labels, mask.options()).view({1, labels, 1, 1});
  return torch::cat({image, mask.unsqueeze(1).eq(values).to(torch::kFloat32)}, 1);
}

std::vector<std::int64_t> evenly_spaced(std::int64_t size, std::int64_t most) {
  const std::int64_t count = std::min(size, most);
  std::vector<std::int64_t> items;
  for (std::int64_t i = 0; i < count; ++i) items.push_back(i * size / count);
  return items;
}

std::string split_sha256(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix + "-") && entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::string digests;
  for (const fs::path& file : files) digests += io::sha256_file(file) + "\n";
  return io::sha256_hex(digests);
}

torch::Generator seeded(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

}  // namespace ctforge::pipeline
