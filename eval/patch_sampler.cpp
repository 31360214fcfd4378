// Drawing a segmenter's training patches: uniformly, or by organ first.
#include "eval/patch_sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace ctforge::eval {

std::vector<std::vector<bool>> labels_present(const PatchSet& set) {
  constexpr std::int64_t kAtOnce = 256;
  std::vector<std::vector<bool>> present;
  for (std::int64_t start = 0; start < set.size(); start += kAtOnce) {
    Indices indices(static_cast<std::size_t>(std::min(kAtOnce, set.size() - start)));
    std::iota(indices.begin(), indices.end(), start);
    const torch::Tensor mask = set.pixels(indices).mask.flatten(1).contiguous();
    const auto* value = mask.data_ptr<std::uint8_t>();
    for (std::int64_t i = 0; i < mask.size(0); ++i) {
      std::vector<bool> shown(set.labels.size(), false);
      for (std::int64_t k = 0; k < mask.size(1); ++k) shown.at(*value++) = true;
      present.push_back(std::move(shown));
    }
  }
  return present;
}

TrainingBatch fetch(const PatchSet& set, const Indices& indices) {
  const Pixels pixels = set.pixels(indices);
  torch::Tensor contoured = torch::empty({std::ssize(indices), std::ssize(set.labels)}, torch::kBool);
  auto* flag = contoured.data_ptr<bool>();
  for (const std::int64_t index : indices) {
    const auto series = static_cast<std::size_t>(set.series[static_cast<std::size_t>(index)]);
    flag = std::copy(set.contoured[series].begin(), set.contoured[series].end(), flag);
  }
  return {{windowed(pixels.hu, set.window_hu).unsqueeze(1), pixels.mask.to(torch::kInt64)}, contoured};
}

PatchSampler::PatchSampler(Source source) : source_(std::move(source)) {
  if (source_.patches == nullptr || source_.patches->size() == 0) {
    throw std::invalid_argument("a source without patches");
  }
  present_ = labels_present(*source_.patches);
  for (std::size_t label = 1; label < source_.patches->labels.size(); ++label) {
    Indices showing;
    for (std::size_t i = 0; i < present_.size(); ++i) {
      if (present_[i][label]) showing.push_back(static_cast<std::int64_t>(i));
    }
    if (!showing.empty()) showing_.push_back(std::move(showing));
  }
}

TrainingBatch PatchSampler::draw(std::int64_t count, double foreground_share, io::Random& random) const {
  const auto foreground = static_cast<std::int64_t>(std::lround(foreground_share * static_cast<double>(count)));
  Indices indices;
  for (std::int64_t i = 0; i < count; ++i) {
    if (i < foreground && !showing_.empty()) {
      const Indices& showing = showing_[random.below(showing_.size())];
      indices.push_back(showing[random.below(showing.size())]);
    } else {
      indices.push_back(static_cast<std::int64_t>(random.below(present_.size())));
    }
  }
  TrainingBatch batch = fetch(*source_.patches, indices);
  const std::vector<bool>& unsure = source_.unsure_when_absent;
  for (std::size_t label = 1; label < unsure.size(); ++label) {
    if (!unsure[label]) continue;
    for (std::int64_t i = 0; i < count; ++i) {
      const bool shown = present_[static_cast<std::size_t>(indices[static_cast<std::size_t>(i)])][label];
      if (!shown) batch.contoured.index_put_({i, static_cast<std::int64_t>(label)}, false);
    }
  }
  return batch;
}

}  // namespace ctforge::eval
