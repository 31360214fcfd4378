// Triangle-kernel weights and the loops over pixels, written so that the compiler vectorises them.
#include "io/volume/resample_kernel.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ctforge::io::resample_kernel {

namespace {

// Weights this small are rounding of the centre's position, not part of the kernel.
constexpr double kNegligible = 1e-7;
// Sums of weights in float are equal to about this.
constexpr float kTie = 1e-5f;

// Targets begin..end-1.
struct Range {
  std::int64_t begin, end;
  std::int64_t length() const { return end - begin; }
};

Range whole(const Taps& taps) { return {0, static_cast<std::int64_t>(taps.first.size())}; }

// The targets that take anything from source voxels low..high.
Range touched(const Taps& taps, std::int64_t low, std::int64_t high) {
  const auto begin = std::partition_point(taps.first.begin(), taps.first.end(),
                                          [&](std::int64_t first) { return first + taps.width <= low; });
  const auto end = std::partition_point(begin, taps.first.end(), [&](std::int64_t first) { return first <= high; });
  return {begin - taps.first.begin(), end - taps.first.begin()};
}

// row[x] = sum over k of weights[k] * value(rows[k][x]); the first tap sets, the others add.
template <class Source, class Value>
void combine_rows(const Source* rows, std::int64_t stride, std::span<const float> weights, Range columns,
                  const Value& value, float* row) {
  const Source* a = rows;
  const Source* b = rows + stride;
  const Source* c = b + stride;
  switch (weights.size()) {
    case 1:
      for (std::int64_t x = columns.begin; x < columns.end; ++x) row[x] = weights[0] * value(a[x]);
      return;
    case 2:
      for (std::int64_t x = columns.begin; x < columns.end; ++x)
        row[x] = weights[0] * value(a[x]) + weights[1] * value(b[x]);
      return;
    case 3:
      for (std::int64_t x = columns.begin; x < columns.end; ++x)
        row[x] = weights[0] * value(a[x]) + weights[1] * value(b[x]) + weights[2] * value(c[x]);
      return;
    default:
      combine_rows(rows, stride, weights.first(3), columns, value, row);
      for (std::size_t k = 3; k < weights.size(); ++k) {
        const Source* more = rows + static_cast<std::int64_t>(k) * stride;
        for (std::int64_t x = columns.begin; x < columns.end; ++x) row[x] += weights[k] * value(more[x]);
      }
  }
}

// A fixed number of taps unrolls into independent multiplications.
template <int kWidth>
void filter_row(const float* row, const Taps& taps, Range targets, float* out) {
  for (std::int64_t i = targets.begin; i < targets.end; ++i) {
    const float* from = row + taps.first[static_cast<std::size_t>(i)];
    const float* weight = taps.weights.data() + i * kWidth;
    float sum = weight[0] * from[0];
    for (int k = 1; k < kWidth; ++k) sum += weight[k] * from[k];
    *out++ = sum;
  }
}

void filter_row_any(const float* row, const Taps& taps, Range targets, float* out) {
  for (std::int64_t i = targets.begin; i < targets.end; ++i) {
    const float* from = row + taps.first[static_cast<std::size_t>(i)];
    const auto weights = taps.weights_of(i);
    float sum = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) sum += weights[k] * from[k];
    *out++ = sum;
  }
}

// Filters the targets xs, ys of one plane into out [ys][xs].
template <class Source, class Value>
void filter_plane(const Source* source, std::int64_t source_width, const Taps& x, const Taps& y, Range xs, Range ys,
                  const Value& value, std::vector<float>& row, float* out) {
  const Range columns = {x.first[static_cast<std::size_t>(xs.begin)],
                         x.first[static_cast<std::size_t>(xs.end - 1)] + x.width};
  const auto filter = x.width == 1   ? filter_row<1>
                      : x.width == 2 ? filter_row<2>
                      : x.width == 3 ? filter_row<3>
                      : x.width == 4 ? filter_row<4>
                                     : filter_row_any;
  for (std::int64_t i = ys.begin; i < ys.end; ++i) {
    combine_rows(source + y.first[static_cast<std::size_t>(i)] * source_width, source_width, y.weights_of(i), columns,
                 value, row.data());
    filter(row.data(), x, xs, out);
    out += xs.length();
  }
}

// To the nearest integer, halves to even, in arithmetic that vectorises without SSE4: adding 3 * 2^22 leaves the
// integer in the low bits. Exact for |value| < 2^22.
inline std::int16_t round_to_int16(float value) {
  constexpr float kShift = 12582912.0f;
  return static_cast<std::int16_t>(std::bit_cast<std::int32_t>(value + kShift) - std::bit_cast<std::int32_t>(kShift));
}

// The weighed votes of a block of slices, [slice][y][x].
struct Ballot {
  std::vector<float> best, sum;
  std::vector<std::uint8_t> label;
};

void count_votes(std::uint8_t label, const Plane& votes, Range xs, Range ys, std::int64_t width, std::size_t slice,
                 Ballot& ballot) {
  const float* vote = votes.data();
  for (std::int64_t y = ys.begin; y < ys.end; ++y) {
    const std::size_t row = slice + static_cast<std::size_t>(y * width);
    for (std::int64_t x = xs.begin; x < xs.end; ++x, ++vote) {
      const std::size_t i = row + static_cast<std::size_t>(x);
      ballot.sum[i] += *vote;
      if (*vote > ballot.best[i] + kTie) {
        ballot.best[i] = *vote;
        ballot.label[i] = label;
      }
    }
  }
}

void vote_for(std::uint8_t label, const LabelBox& box, const LabelMap& labels, const std::array<Taps, 3>& taps,
              Range block, const std::array<std::int64_t, 3>& target_size, Ballot& ballot) {
  const Range zs_all = touched(taps[2], box.low[2], box.high[2]);
  const Range zs = {std::max(zs_all.begin, block.begin), std::min(zs_all.end, block.end)};
  const Range xs = touched(taps[0], box.low[0], box.high[0]), ys = touched(taps[1], box.low[1], box.high[1]);
  if (zs.length() <= 0 || xs.length() <= 0 || ys.length() <= 0) return;
  const auto indicator = [label](std::uint8_t value) { return value == label ? 1.0f : 0.0f; };
  const auto source_plane = labels.geometry.size[0] * labels.geometry.size[1];
  const auto pixels = static_cast<std::size_t>(xs.length() * ys.length());
  std::vector<float> row(static_cast<std::size_t>(labels.geometry.size[0]));
  std::map<std::int64_t, Plane> planes;
  Plane votes(pixels);
  for (std::int64_t z = zs.begin; z < zs.end; ++z) {
    const std::int64_t first = taps[2].first[static_cast<std::size_t>(z)];
    planes.erase(planes.begin(), planes.lower_bound(first));
    std::fill(votes.begin(), votes.end(), 0.0f);
    for (std::int64_t k = 0; k < taps[2].width; ++k) {
      const float weight = taps[2].weights_of(z)[static_cast<std::size_t>(k)];
      if (first + k < box.low[2] || first + k > box.high[2] || weight == 0) continue;
      const auto [place, fresh] = planes.try_emplace(first + k);
      Plane& plane = place->second;
      if (fresh) {
        plane.resize(pixels);
        filter_plane(labels.label.data() + (first + k) * source_plane, labels.geometry.size[0], taps[0], taps[1], xs,
                     ys, indicator, row, plane.data());
      }
      for (std::size_t i = 0; i < pixels; ++i) votes[i] += weight * plane[i];
    }
    const auto slice = static_cast<std::size_t>((z - block.begin) * target_size[0] * target_size[1]);
    count_votes(label, votes, xs, ys, target_size[0], slice, ballot);
  }
}

}  // namespace

Taps make_taps(std::int64_t source_size, std::int64_t target_size, double first_index, double ratio) {
  const double support = std::max(ratio, 1.0);
  std::vector<std::vector<double>> kernels;
  Taps taps;
  for (std::int64_t i = 0; i < target_size; ++i) {
    const double centre = first_index + static_cast<double>(i) * ratio;
    auto low = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(centre - support)), 0, source_size - 1);
    const auto high =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(centre + support)), 0, source_size - 1);
    std::vector<double> kernel;
    double sum = 0;
    for (std::int64_t j = low; j <= high; ++j) {
      const double weight = std::max(0.0, 1.0 - std::abs(static_cast<double>(j) - centre) / support);
      kernel.push_back(weight > kNegligible ? weight : 0.0);
      sum += kernel.back();
    }
    if (sum == 0) kernel = {sum = 1.0};  // beyond the edge low is the nearest voxel
    while (kernel.back() == 0) kernel.pop_back();
    while (kernel.front() == 0) {
      kernel.erase(kernel.begin());
      ++low;
    }
    for (double& weight : kernel) weight /= sum;
    taps.first.push_back(low);
    taps.width = std::max(taps.width, static_cast<std::int64_t>(kernel.size()));
    kernels.push_back(std::move(kernel));
  }
  taps.weights.assign(static_cast<std::size_t>(target_size * taps.width), 0.0f);
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    // Near the far edge the kernel is shorter: begin earlier, with zeros in front.
    const std::int64_t first = std::min(taps.first[i], source_size - taps.width);
    const auto offset = static_cast<std::int64_t>(i) * taps.width + taps.first[i] - first;
    std::transform(kernels[i].begin(), kernels[i].end(), taps.weights.begin() + offset,
                   [](double weight) { return static_cast<float>(weight); });
    taps.first[i] = first;
  }
  return taps;
}

PlaneFilter::PlaneFilter(const Taps& x, const Taps& y, std::int64_t source_width)
    : x_(x), y_(y), row_(static_cast<std::size_t>(source_width)) {}

void PlaneFilter::apply(const std::int16_t* source, float* target) {
  filter_plane(
      source, static_cast<std::int64_t>(row_.size()), x_, y_, whole(x_), whole(y_),
      [](std::int16_t hu) { return static_cast<float>(hu); }, row_, target);
}

void combine_and_round(std::span<const float* const> planes, std::span<const float> weights, std::size_t pixels,
                       std::int16_t* target) {
  const float* a = planes[0];
  if (planes.size() == 1) {
    for (std::size_t i = 0; i < pixels; ++i) target[i] = round_to_int16(weights[0] * a[i]);
  } else if (planes.size() == 2) {
    const float* b = planes[1];
    const float wa = weights[0], wb = weights[1];
    for (std::size_t i = 0; i < pixels; ++i) target[i] = round_to_int16(wa * a[i] + wb * b[i]);
  } else {
    constexpr std::size_t kBlock = 1024;
    std::array<float, kBlock> sum;
    for (std::size_t begin = 0; begin < pixels; begin += kBlock) {
      const std::size_t length = std::min(kBlock, pixels - begin);
      for (std::size_t i = 0; i < length; ++i) sum[i] = weights[0] * a[begin + i];
      for (std::size_t k = 1; k < planes.size(); ++k)
        for (std::size_t i = 0; i < length; ++i) sum[i] += weights[k] * planes[k][begin + i];
      for (std::size_t i = 0; i < length; ++i) target[begin + i] = round_to_int16(sum[i]);
    }
  }
}

std::map<std::uint8_t, LabelBox> label_boxes(const LabelMap& labels) {
  std::map<std::uint8_t, LabelBox> boxes;
  const auto [nx, ny, nz] = labels.geometry.size;
  const std::uint8_t* row = labels.label.data();
  for (std::int64_t z = 0; z < nz; ++z)
    for (std::int64_t y = 0; y < ny; ++y, row += nx)
      for (std::int64_t x = 0; x < nx; ++x) {
        if (row[x] == 0) continue;
        const std::array<std::int64_t, 3> at = {x, y, z};
        const auto [place, fresh] = boxes.try_emplace(row[x], LabelBox{at, at});
        LabelBox& box = place->second;
        for (std::size_t axis = 0; axis < 3 && !fresh; ++axis) {
          box.low[axis] = std::min(box.low[axis], at[axis]);
          box.high[axis] = std::max(box.high[axis], at[axis]);
        }
        // Only where a run of one label ends can it widen the box.
        while (x + 1 < nx && row[x + 1] == row[x]) ++x;
        box.high[0] = std::max(box.high[0], x);
      }
  return boxes;
}

void vote(const LabelMap& labels, const std::map<std::uint8_t, LabelBox>& boxes, const std::array<Taps, 3>& taps,
          std::int64_t begin, std::int64_t end, LabelMap& result) {
  const auto target_plane = static_cast<std::size_t>(result.geometry.size[0] * result.geometry.size[1]);
  const std::size_t voxels = target_plane * static_cast<std::size_t>(end - begin);
  const bool any = std::any_of(boxes.begin(), boxes.end(), [&](const auto& item) {
    const Range zs = touched(taps[2], item.second.low[2], item.second.high[2]);
    return zs.begin < end && zs.end > begin;
  });
  if (!any) return;  // the result is background already
  Ballot ballot{std::vector<float>(voxels), std::vector<float>(voxels), std::vector<std::uint8_t>(voxels)};
  for (const auto& [label, box] : boxes) vote_for(label, box, labels, taps, {begin, end}, result.geometry.size, ballot);
  std::uint8_t* out = result.label.data() + static_cast<std::size_t>(begin) * target_plane;
  for (std::size_t i = 0; i < voxels; ++i)
    out[i] = 1.0f - ballot.sum[i] >= ballot.best[i] - kTie ? std::uint8_t{0} : ballot.label[i];
}

}  // namespace ctforge::io::resample_kernel
