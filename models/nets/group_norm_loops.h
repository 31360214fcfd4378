// The innermost loops of group normalisation over one tile of an array, written so that a compiler vectorises them.
// Included by group_norm_kernel.cpp only, which compiles them for several instruction sets.
#pragma once

#include "models/nets/group_norm_kernel.h"

#include <bit>
#include <cstdint>

#define CTFORGE_INLINE inline __attribute__((always_inline))

namespace ctforge::nets::kernel {

struct BFloat16 {
  std::uint16_t bits;
};

CTFORGE_INLINE float load(float value) { return value; }
CTFORGE_INLINE float load(BFloat16 value) { return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16); }

CTFORGE_INLINE void store(float& to, float value) { to = value; }
// Rounds to nearest, ties to even; NaN stays NaN.
CTFORGE_INLINE void store(BFloat16& to, float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  to.bits = static_cast<std::uint16_t>(value != value ? 0x7fc0U : rounded);
}

// 1 / (1 + exp(-z)) to about 2 units in the last place: exp(y) = 2^n exp(r), |r| <= ln(2)/2, by a Taylor polynomial.
CTFORGE_INLINE float sigmoid(float z) {
  float y = -z;
  y = y < -87.0F ? -87.0F : y;
  y = y > 87.0F ? 87.0F : y;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const float shifted = y * 1.44269504F + kRound;
  const float n = shifted - kRound;
  const float r = (y - n * 0.693359375F) + n * 2.12194440e-4F;  // ln(2) in two parts
  float p = 1.0F / 5040.0F;
  p = p * r + 1.0F / 720.0F;
  p = p * r + 1.0F / 120.0F;
  p = p * r + 1.0F / 24.0F;
  p = p * r + 1.0F / 6.0F;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const std::uint32_t exponent = (std::bit_cast<std::uint32_t>(shifted) - 0x4b400000U + 127U) << 23;
  return 1.0F / (1.0F + p * std::bit_cast<float>(exponent));
}

template <Act A>
CTFORGE_INLINE float activate(float z, float slope) {
  if constexpr (A == Act::Silu) return z * sigmoid(z);
  if constexpr (A == Act::LeakyRelu) return z > 0 ? z : slope * z;
  return z;
}

// d activate(z) / dz
template <Act A>
CTFORGE_INLINE float slope_at(float z, float slope) {
  if constexpr (A == Act::Silu) {
    const float s = sigmoid(z);
    return s * (1.0F + z * (1.0F - s));
  }
  if constexpr (A == Act::LeakyRelu) return z > 0 ? 1.0F : slope;
  return 1.0F;
}

// Rows of adjacent elements. Across a row the channel changes (channels_last: one value of each vector an element) or
// does not (one value for the whole tile).
struct Tile {
  std::int64_t rows = 0, length = 0;
  Element element = Element::Float32;
  Act act = Act::None;
  float leaky_slope = 0;
  bool channels_last = false;
  const void* x = nullptr;
  const void* grad_y = nullptr;
  void* out = nullptr;
  const float* centre = nullptr;  // subtracted from x before it is summed
  const float* scale = nullptr;   // z = scale * x + offset is what is activated
  const float* offset = nullptr;
  const float* to_slope = nullptr;  // gradient of x = to_slope * dz + to_x * x + to_offset
  const float* to_x = nullptr;
  const float* to_offset = nullptr;
  float* sum1 = nullptr;  // sums over the tile, a value a channel; added to
  float* sum2 = nullptr;
  float* sum3 = nullptr;
};

constexpr std::int64_t kLanes = 32;  // accumulators of a sum along a row

// body(i, lane): element i of a row, whose sums go to accumulator `lane`.
template <class Body>
CTFORGE_INLINE void for_lanes(std::int64_t length, const Body& body) {
  std::int64_t i = 0;
  for (; i + kLanes <= length; i += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) body(i + lane, lane);
  for (std::int64_t lane = 0; i < length; ++i, ++lane) body(i, lane);
}

// body(first, count): channels first to first + count - 1, at most kLanes, whose sums stay in registers along all rows.
template <class Body>
CTFORGE_INLINE void for_channels(std::int64_t channels, const Body& body) {
  std::int64_t first = 0;
  for (; first + kLanes <= channels; first += kLanes) body(first, kLanes);
  if (first < channels) body(first, channels - first);
}

CTFORGE_INLINE float total(const float (&lanes)[kLanes]) {
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

// sum1 += x - centre, sum2 += (x - centre)^2
template <class T>
CTFORGE_INLINE void sum_moments(const Tile& tile) {
  const T* __restrict x = static_cast<const T*>(tile.x);
  if (!tile.channels_last) {
    float sum[kLanes] = {}, squares[kLanes] = {};
    const float centre = *tile.centre;
    for_lanes(
        tile.length, [&](std::int64_t i, std::int64_t lane) __attribute__((always_inline)) {
          const float d = load(x[i]) - centre;
          sum[lane] += d;
          squares[lane] += d * d;
        });
    *tile.sum1 += total(sum);
    *tile.sum2 += total(squares);
    return;
  }
  for_channels(
      tile.length, [&](std::int64_t first, std::int64_t count) __attribute__((always_inline)) {
        float sum[kLanes] = {}, squares[kLanes] = {}, centre[kLanes];
        for (std::int64_t i = 0; i < count; ++i) centre[i] = tile.centre[first + i];
        for (std::int64_t row = 0; row < tile.rows; ++row) {
          const T* __restrict at = x + row * tile.length + first;
          for (std::int64_t i = 0; i < count; ++i) {
            const float d = load(at[i]) - centre[i];
            sum[i] += d;
            squares[i] += d * d;
          }
        }
        for (std::int64_t i = 0; i < count; ++i) {
          tile.sum1[first + i] += sum[i];
          tile.sum2[first + i] += squares[i];
        }
      });
}

// out = act(scale * x + offset)
template <class T, Act A>
CTFORGE_INLINE void normalise(const Tile& tile) {
  const T* __restrict x = static_cast<const T*>(tile.x);
  T* __restrict y = static_cast<T*>(tile.out);
  const float slope = tile.leaky_slope;
  if (!tile.channels_last) {
    const float scale = *tile.scale, offset = *tile.offset;
    for (std::int64_t i = 0; i < tile.length; ++i) store(y[i], activate<A>(scale * load(x[i]) + offset, slope));
    return;
  }
  const float* __restrict scale = tile.scale;
  const float* __restrict offset = tile.offset;
  for (std::int64_t row = 0; row < tile.rows; ++row, x += tile.length, y += tile.length)
    for (std::int64_t i = 0; i < tile.length; ++i) store(y[i], activate<A>(scale[i] * load(x[i]) + offset[i], slope));
}

// With dz = grad_y * act'(scale * x + offset): sum1 += dz, sum2 += dz (x - centre), sum3 += x - centre
template <class T, Act A>
CTFORGE_INLINE void sum_gradients(const Tile& tile) {
  const T* __restrict x = static_cast<const T*>(tile.x);
  const T* __restrict dy = static_cast<const T*>(tile.grad_y);
  const float slope = tile.leaky_slope;
  if (!tile.channels_last) {
    float sum1[kLanes] = {}, sum2[kLanes] = {}, sum3[kLanes] = {};
    const float scale = *tile.scale, offset = *tile.offset, centre = *tile.centre;
    for_lanes(
        tile.length, [&](std::int64_t i, std::int64_t lane) __attribute__((always_inline)) {
          const float value = load(x[i]);
          const float dz = load(dy[i]) * slope_at<A>(scale * value + offset, slope);
          sum1[lane] += dz;
          sum2[lane] += dz * (value - centre);
          sum3[lane] += value - centre;
        });
    *tile.sum1 += total(sum1);
    *tile.sum2 += total(sum2);
    *tile.sum3 += total(sum3);
    return;
  }
  for_channels(
      tile.length, [&](std::int64_t first, std::int64_t count) __attribute__((always_inline)) {
        float sum1[kLanes] = {}, sum2[kLanes] = {}, sum3[kLanes] = {};
        float scale[kLanes], offset[kLanes], centre[kLanes];
        for (std::int64_t i = 0; i < count; ++i) {
          scale[i] = tile.scale[first + i];
          offset[i] = tile.offset[first + i];
          centre[i] = tile.centre[first + i];
        }
        for (std::int64_t row = 0; row < tile.rows; ++row) {
          const T* __restrict at = x + row * tile.length + first;
          const T* __restrict gradient = dy + row * tile.length + first;
          for (std::int64_t i = 0; i < count; ++i) {
            const float value = load(at[i]);
            const float dz = load(gradient[i]) * slope_at<A>(scale[i] * value + offset[i], slope);
            sum1[i] += dz;
            sum2[i] += dz * (value - centre[i]);
            sum3[i] += value - centre[i];
          }
        }
        for (std::int64_t i = 0; i < count; ++i) {
          tile.sum1[first + i] += sum1[i];
          tile.sum2[first + i] += sum2[i];
          tile.sum3[first + i] += sum3[i];
        }
      });
}

// out = to_slope * dz + to_x * x + to_offset
template <class T, Act A>
CTFORGE_INLINE void propagate(const Tile& tile) {
  const T* __restrict x = static_cast<const T*>(tile.x);
  const T* __restrict dy = static_cast<const T*>(tile.grad_y);
  T* __restrict dx = static_cast<T*>(tile.out);
  const float slope = tile.leaky_slope;
  if (!tile.channels_last) {
    const float scale = *tile.scale, offset = *tile.offset;
    const float to_slope = *tile.to_slope, to_x = *tile.to_x, to_offset = *tile.to_offset;
    for (std::int64_t i = 0; i < tile.length; ++i) {
      const float value = load(x[i]);
      const float dz = load(dy[i]) * slope_at<A>(scale * value + offset, slope);
      store(dx[i], to_slope * dz + (to_x * value + to_offset));
    }
    return;
  }
  const float* __restrict scale = tile.scale;
  const float* __restrict offset = tile.offset;
  const float* __restrict to_slope = tile.to_slope;
  const float* __restrict to_x = tile.to_x;
  const float* __restrict to_offset = tile.to_offset;
  for (std::int64_t row = 0; row < tile.rows; ++row, x += tile.length, dy += tile.length, dx += tile.length) {
    for (std::int64_t i = 0; i < tile.length; ++i) {
      const float value = load(x[i]);
      const float dz = load(dy[i]) * slope_at<A>(scale[i] * value + offset[i], slope);
      store(dx[i], to_slope[i] * dz + (to_x[i] * value + to_offset[i]));
    }
  }
}

}  // namespace ctforge::nets::kernel
