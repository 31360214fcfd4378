// Conversions of stored voxels.
#include "io/volume/scalar.h"

#include "io/file/fault.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace ctforge::io {

namespace {

// Calls function with a value of the C++ type of scalar.
template <class Function>
auto with_type(Scalar scalar, Function&& function) {
  switch (scalar) {
    case Scalar::U8:
      return function(std::uint8_t{});
    case Scalar::I8:
      return function(std::int8_t{});
    case Scalar::U16:
      return function(std::uint16_t{});
    case Scalar::I16:
      return function(std::int16_t{});
    case Scalar::U32:
      return function(std::uint32_t{});
    case Scalar::I32:
      return function(std::int32_t{});
    case Scalar::F32:
      return function(float{});
    case Scalar::F64:
      return function(double{});
  }
  throw std::invalid_argument("an unknown voxel type");
}

template <class Stored>
Stored load(const std::byte* at, bool swapped) {
  std::array<std::byte, sizeof(Stored)> bytes;
  std::memcpy(bytes.data(), at, sizeof(Stored));
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  Stored value;
  std::memcpy(&value, bytes.data(), sizeof(Stored));
  return value;
}

enum class Bad { No, NotFinite, Range };

// Turns every value into Out within [low, high]; stops at nothing, reports the worst.
template <class Stored, class Out>
Bad convert(std::span<const std::byte> stored, bool swapped, const Rescale& rescale, bool whole, std::span<Out> out) {
  constexpr double low = std::numeric_limits<Out>::min(), high = std::numeric_limits<Out>::max();
  bool finite = true, fits = true;
  const bool plain = rescale.slope == 1 && rescale.intercept == 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Stored value = load<Stored>(stored.data() + i * sizeof(Stored), swapped);
    if constexpr (std::is_same_v<Stored, Out>) {
      if (plain) {
        out[i] = value;
        continue;
      }
    }
    double result = static_cast<double>(value);
    if constexpr (std::is_floating_point_v<Stored>) finite = finite && std::isfinite(value);
    if (!plain) result = rescale.slope * result + rescale.intercept;
    const double rounded = std::round(result);
    // Written so that NaN, too, is no fit and is never converted.
    const bool good = rounded >= low && rounded <= high && (!whole || rounded == result);
    fits = fits && good;
    out[i] = good ? static_cast<Out>(rounded) : Out{0};
  }
  if (!finite) return Bad::NotFinite;
  return fits ? Bad::No : Bad::Range;
}

template <class Out>
Bad convert_any(Scalar scalar, std::span<const std::byte> stored, bool swapped, const Rescale& rescale, bool whole,
                std::span<Out> out) {
  if (stored.size() < out.size() * static_cast<std::size_t>(scalar_bytes(scalar)))
    throw std::invalid_argument("fewer stored bytes than voxels to convert");
  return with_type(scalar,
                   [&](auto example) { return convert<decltype(example), Out>(stored, swapped, rescale, whole, out); });
}

}  // namespace

std::int64_t scalar_bytes(Scalar scalar) {
  return with_type(scalar, [](auto example) { return static_cast<std::int64_t>(sizeof(example)); });
}

std::string_view scalar_name(Scalar scalar) {
  constexpr std::array<std::string_view, 8> names = {"unsigned 8-bit",  "signed 8-bit",    "unsigned 16-bit",
                                                     "signed 16-bit",   "unsigned 32-bit", "signed 32-bit",
                                                     "32-bit floating", "64-bit floating"};
  return names.at(static_cast<std::size_t>(scalar));
}

void convert_to_hu(Scalar scalar, std::span<const std::byte> stored, bool swapped, const Rescale& rescale,
                   std::span<std::int16_t> out) {
  const Bad bad = convert_any(scalar, stored, swapped, rescale, false, out);
  if (bad == Bad::NotFinite) throw DataError(Fault::NotFinite, "voxels are NaN or infinite");
  if (bad == Bad::Range) throw DataError(Fault::HuOutOfRange, "voxels lie outside -32768 to 32767 HU");
}

void convert_to_labels(Scalar scalar, std::span<const std::byte> stored, bool swapped, const Rescale& rescale,
                       std::span<std::uint8_t> out) {
  if (convert_any(scalar, stored, swapped, rescale, true, out) != Bad::No)
    throw DataError(Fault::LabelMismatch, "label values are not all integers from 0 to 255");
}

}  // namespace ctforge::io
