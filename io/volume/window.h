// The HU window: Hounsfield units to the [-1,1] that networks see, and back.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace ctforge::io {

using WindowHu = std::array<double, 2>;  // low and high, HU, low < high

// low maps to -1, high to 1, linearly between; what lies outside is clipped.
float window(std::int16_t hu, const WindowHu& window_hu);
// The inverse on [-1,1], rounded to the nearest HU; what lies outside [-1,1] is clipped, and NaN gives low.
std::int16_t unwindow(float value, const WindowHu& window_hu);

// The same for many; the spans must be of equal size. Throws std::invalid_argument otherwise, or if low >= high.
void window(std::span<const std::int16_t> hu, const WindowHu& window_hu, std::span<float> values);
void unwindow(std::span<const float> values, const WindowHu& window_hu, std::span<std::int16_t> hu);

}  // namespace ctforge::io
