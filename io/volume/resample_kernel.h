// The inner loops of resampling: kernel weights along an axis, filtering a plane, combining planes. For
// io/volume/resample.cpp.
#pragma once

#include "io/volume/volume.h"

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace ctforge::io::resample_kernel {

// What each target voxel of an axis takes from the source: `width` neighbouring voxels from first[i], with weights that
// sum to one (some may be 0, where the kernel is narrower).
struct Taps {
  std::int64_t width = 1;
  std::vector<std::int64_t> first;
  std::vector<float> weights;  // [target][width]
  std::span<const float> weights_of(std::int64_t i) const {
    return std::span(weights).subspan(static_cast<std::size_t>(i * width), static_cast<std::size_t>(width));
  }
};

// Triangle kernel as io/volume/resample.h defines it. first_index: source index (fractional) of the first target
// voxel's centre; ratio: target / source spacing. Centres outside the source take the nearest voxel.
Taps make_taps(std::int64_t source_size, std::int64_t target_size, double first_index, double ratio);

using Plane = std::vector<float>;

// Filters one slice in its plane, int16 HU to float. Holds a row; one object a thread.
class PlaneFilter {
 public:
  PlaneFilter(const Taps& x, const Taps& y, std::int64_t source_width);
  // source: [source height][source_width]; target: [y.first.size()][x.first.size()].
  void apply(const std::int16_t* source, float* target);

 private:
  const Taps& x_;
  const Taps& y_;
  std::vector<float> row_;
};

// target = round(sum of weights[k] * planes[k]), to the nearest, halves to even; the weights sum to one.
void combine_and_round(std::span<const float* const> planes, std::span<const float> weights, std::size_t pixels,
                       std::int16_t* target);

// Inclusive voxel ranges that hold a label.
struct LabelBox {
  std::array<std::int64_t, 3> low, high;
};
// Of every label but the background.
std::map<std::uint8_t, LabelBox> label_boxes(const LabelMap& labels);

inline constexpr std::int64_t kLabelBlock = 8;  // slices voted on together: bounds the memory of the ballot
// Gives slices begin..end-1 of result the label whose resampled indicator is largest, the lowest of equals.
void vote(const LabelMap& labels, const std::map<std::uint8_t, LabelBox>& boxes, const std::array<Taps, 3>& taps,
          std::int64_t begin, std::int64_t end, LabelMap& result);

}  // namespace ctforge::io::resample_kernel
