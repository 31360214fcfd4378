// Measures of labels in patches and their ranges.
#include "eval/label_quality.h"

#include "eval/comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>

namespace ctforge::eval {
namespace {

constexpr double kBodyHu = -300, kTail = 0.005, kMargin = 0.1;
constexpr std::size_t kPieces = 4;  // among the measures

struct Patch {
  std::span<const std::int16_t> hu;
  std::span<const std::uint8_t> mask;
  std::int64_t height, width;
};

struct Centroid {
  double x = 0, y = 0;  // pixels
};

Centroid centroid_of(const std::vector<std::int64_t>& pixels, std::int64_t width) {
  Centroid centroid;
  for (const std::int64_t pixel : pixels) {
    const std::int64_t x = pixel % width, y = pixel / width;
    centroid.x += static_cast<double>(x) / static_cast<double>(pixels.size());
    centroid.y += static_cast<double>(y) / static_cast<double>(pixels.size());
  }
  return centroid;
}

Centroid body_centroid(const Patch& patch) {
  std::vector<std::int64_t> body;
  for (std::size_t i = 0; i < patch.hu.size(); ++i)
    if (patch.hu[i] > kBodyHu) body.push_back(static_cast<std::int64_t>(i));
  if (body.empty()) return {static_cast<double>(patch.width - 1) / 2, static_cast<double>(patch.height - 1) / 2};
  return centroid_of(body, patch.width);
}

// 8-connected parts of a label; seen marks pixels that were visited.
std::int64_t pieces_of(const Patch& patch, const std::vector<std::int64_t>& pixels, std::vector<std::uint8_t>& seen) {
  std::int64_t pieces = 0;
  std::vector<std::int64_t> piece;
  for (const std::int64_t first : pixels) {
    if (seen[static_cast<std::size_t>(first)] != 0) continue;
    ++pieces;
    piece.assign(1, first);
    seen[static_cast<std::size_t>(first)] = 1;
    for (std::size_t next = 0; next < piece.size(); ++next) {
      const std::int64_t y = piece[next] / patch.width, x = piece[next] % patch.width;
      for (std::int64_t ny = std::max<std::int64_t>(0, y - 1); ny <= std::min(patch.height - 1, y + 1); ++ny)
        for (std::int64_t nx = std::max<std::int64_t>(0, x - 1); nx <= std::min(patch.width - 1, x + 1); ++nx) {
          const auto other = static_cast<std::size_t>(ny * patch.width + nx);
          if (seen[other] != 0 || patch.mask[other] != patch.mask[static_cast<std::size_t>(first)]) continue;
          seen[other] = 1;
          piece.push_back(static_cast<std::int64_t>(other));
        }
    }
  }
  return pieces;
}

void measure_patch(const Patch& patch, const io::Vector3& spacing_mm, std::int64_t index,
                   std::vector<LabelFinding>& findings) {
  std::map<std::uint8_t, std::vector<std::int64_t>> labels;
  for (std::size_t i = 0; i < patch.mask.size(); ++i)
    if (patch.mask[i] != 0) labels[patch.mask[i]].push_back(static_cast<std::int64_t>(i));
  if (labels.empty()) return;
  const Centroid body = body_centroid(patch);
  std::vector<std::uint8_t> seen(patch.mask.size(), 0);
  for (const auto& [label, pixels] : labels) {
    std::vector<double> hu;
    for (const std::int64_t pixel : pixels) hu.push_back(patch.hu[static_cast<std::size_t>(pixel)]);
    const Centroid centroid = centroid_of(pixels, patch.width);
    const double mean = std::accumulate(hu.begin(), hu.end(), 0.0) / static_cast<double>(hu.size());
    findings.push_back({index,
                        label,
                        {quantile(hu, 0.1), mean, quantile(hu, 0.9),
                         static_cast<double>(pixels.size()) * spacing_mm[0] * spacing_mm[1],
                         static_cast<double>(pieces_of(patch, pixels, seen)), (centroid.x - body.x) * spacing_mm[0],
                         (centroid.y - body.y) * spacing_mm[1]}});
  }
}

}  // namespace

std::vector<LabelFinding> measure_labels(const PatchSet& set) {
  std::vector<LabelFinding> findings;
  constexpr std::int64_t kAtOnce = 256;
  const auto count = static_cast<std::size_t>(set.height * set.width);
  for (std::int64_t start = 0; start < set.size(); start += kAtOnce) {
    Indices indices(static_cast<std::size_t>(std::min(kAtOnce, set.size() - start)));
    std::iota(indices.begin(), indices.end(), start);
    const Pixels pixels = set.pixels(indices);
    const torch::Tensor hu = pixels.hu.contiguous(), mask = pixels.mask.contiguous();
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const Patch patch{{hu.const_data_ptr<std::int16_t>() + i * count, count},
                        {mask.const_data_ptr<std::uint8_t>() + i * count, count},
                        set.height,
                        set.width};
      measure_patch(patch, set.spacing_mm, indices[i], findings);
    }
  }
  return findings;
}

std::vector<std::optional<LabelRange>> learn_ranges(const std::vector<LabelFinding>& findings, std::size_t labels,
                                                    std::int64_t least) {
  std::vector<std::optional<LabelRange>> ranges(labels);
  for (std::size_t label = 1; label < labels; ++label) {
    LabelRange range;
    for (std::size_t m = 0; m < kLabelMeasures.size(); ++m) {
      std::vector<double> values;
      for (const LabelFinding& finding : findings)
        if (static_cast<std::size_t>(finding.label) == label) values.push_back(finding.value[m]);
      range.patches = std::ssize(values);
      if (range.patches < std::max<std::int64_t>(least, 1)) break;
      const double low = quantile(values, kTail), high = quantile(values, 1 - kTail), margin = kMargin * (high - low);
      range.limits[m] = m == kPieces ? std::array<double, 2>{1, std::ceil(high + margin)}
                                     : std::array<double, 2>{low - margin, high + margin};
    }
    if (range.patches >= std::max<std::int64_t>(least, 1)) ranges[label] = range;
  }
  return ranges;
}

std::vector<std::size_t> violations(const LabelFinding& finding, const std::vector<std::optional<LabelRange>>& ranges) {
  const auto label = static_cast<std::size_t>(finding.label);
  std::vector<std::size_t> outside;
  if (label >= ranges.size() || !ranges[label]) return outside;
  for (std::size_t m = 0; m < kLabelMeasures.size(); ++m) {
    const auto& [low, high] = ranges[label]->limits[m];
    if (finding.value[m] < low || finding.value[m] > high) outside.push_back(m);
  }
  return outside;
}

Indices plausible(const PatchSet& set, const PatchSet& train) {
  const auto ranges = learn_ranges(measure_labels(train), train.labels.size());
  std::vector<bool> rejected(static_cast<std::size_t>(set.size()), false);
  for (const LabelFinding& finding : measure_labels(set))
    if (!violations(finding, ranges).empty()) rejected[static_cast<std::size_t>(finding.patch)] = true;
  Indices kept;
  for (std::int64_t patch = 0; patch < set.size(); ++patch)
    if (!rejected[static_cast<std::size_t>(patch)]) kept.push_back(patch);
  return kept;
}

}  // namespace ctforge::eval
