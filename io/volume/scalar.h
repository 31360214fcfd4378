// Voxel types of volume files and their exact conversion to int16 HU and uint8 labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ctforge::io {

enum class Scalar { U8, I8, U16, I16, U32, I32, F32, F64 };

std::int64_t scalar_bytes(Scalar scalar);
std::string_view scalar_name(Scalar scalar);  // "unsigned 8-bit"

// One linear transformation: value = slope * stored + intercept.
struct Rescale {
  double slope = 1, intercept = 0;
};

// stored: out.size() values of the type in file order, byte order reversed if swapped.
// Values that are no integers are rounded to the nearest one, halves away from zero. Throws DataError: NotFinite for
// NaN or infinity as stored, HuOutOfRange for values that do not fit int16.
void convert_to_hu(Scalar scalar, std::span<const std::byte> stored, bool swapped, const Rescale& rescale,
                   std::span<std::int16_t> out);
// Throws DataError(LabelMismatch) for values that are no integers in 0..255.
void convert_to_labels(Scalar scalar, std::span<const std::byte> stored, bool swapped, const Rescale& rescale,
                       std::span<std::uint8_t> out);

}  // namespace ctforge::io
