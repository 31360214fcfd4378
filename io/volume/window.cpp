// Windowing and its inverse.
#include "io/volume/window.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ctforge::io {

namespace {

void check(const WindowHu& window_hu, std::size_t from, std::size_t to) {
  if (!(window_hu[0] < window_hu[1])) throw std::invalid_argument("a HU window whose low is not below its high");
  if (from != to) throw std::invalid_argument("windowing between spans of different sizes");
}

struct Line {
  float centre, scale;  // the centre first: it maps to 0 exactly
};

Line line_of(const WindowHu& window_hu) {
  return {static_cast<float>((window_hu[0] + window_hu[1]) / 2),
          static_cast<float>(2.0 / (window_hu[1] - window_hu[0]))};
}

float apply(const Line& line, std::int16_t hu) {
  return std::clamp((static_cast<float>(hu) - line.centre) * line.scale, -1.0f, 1.0f);
}

}  // namespace

float window(std::int16_t hu, const WindowHu& window_hu) {
  check(window_hu, 1, 1);
  return apply(line_of(window_hu), hu);
}

std::int16_t unwindow(float value, const WindowHu& window_hu) {
  check(window_hu, 1, 1);
  const double unit = value > -1.0f ? std::min(1.0, static_cast<double>(value)) : -1.0;  // false for NaN
  const double hu = window_hu[0] + (unit + 1.0) / 2.0 * (window_hu[1] - window_hu[0]);
  return static_cast<std::int16_t>(std::lround(std::clamp(hu, -32768.0, 32767.0)));
}

void window(std::span<const std::int16_t> hu, const WindowHu& window_hu, std::span<float> values) {
  check(window_hu, hu.size(), values.size());
  const Line line = line_of(window_hu);
  for (std::size_t i = 0; i < hu.size(); ++i) values[i] = apply(line, hu[i]);
}

void unwindow(std::span<const float> values, const WindowHu& window_hu, std::span<std::int16_t> hu) {
  check(window_hu, values.size(), hu.size());
  for (std::size_t i = 0; i < values.size(); ++i) hu[i] = unwindow(values[i], window_hu);
}

}  // namespace ctforge::io
