// NumPy's files: one array (.npy, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) and a zip of
// such (.npz), stored or deflated. What pytorch-fid and others keep features and statistics in.
#pragma once

#include "io/file/safetensors.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ctforge::io {

struct NumpyArray {
  Dtype dtype = Dtype::F64;  // F32, F64, I32, I64, U8 or I16
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data;  // row-major, little-endian

  TensorView view() const { return {dtype, shape, data}; }
};

// Every claim of a file is held against its size before memory is taken: an array has as many bytes as its shape says,
// and no more than its file can hold (deflate expands at most 1032 times). Arrays in Fortran order are turned into row
// order. Throw DataError: Unreadable, TruncatedFile, InvalidHeader for what breaks the format, UnsupportedFormat for
// objects, text, big-endian numbers, encrypted or otherwise compressed members, and TooLarge beyond 2^36 bytes.
NumpyArray read_npy(const std::filesystem::path& path);
// By name without ".npy". No two members may have one name.
std::map<std::string, NumpyArray> read_npz(const std::filesystem::path& path);

// The bytes of an .npy file. Throws std::invalid_argument for other types than those above.
std::string npy_bytes(const TensorView& array);
// A zip of stored members, written atomically; the same arrays, the same bytes. Throws std::invalid_argument beyond
// 4 GB.
void write_npz(const std::filesystem::path& path, const std::map<std::string, TensorView>& arrays);

// For tests and fuzzing: as read_npy and read_npz, of a file's bytes.
NumpyArray parse_npy(std::string_view bytes);
std::map<std::string, NumpyArray> parse_npz(std::string_view bytes);

}  // namespace ctforge::io
