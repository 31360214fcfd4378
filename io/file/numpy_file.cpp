// The .npy header, read and written with every length checked; members of .npz are unpacked by io/file/zip_members.h.
#include "io/file/numpy_file.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/zip_members.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

namespace ctforge::io {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kHeaderLimit = 1 << 16;
constexpr std::int64_t kDataLimit = std::int64_t{1} << 36;
constexpr std::size_t kAlignment = 64;

struct TypeRow {
  Dtype dtype;
  std::string_view name;
};
constexpr std::array kTypes = {TypeRow{Dtype::F32, "<f4"}, TypeRow{Dtype::F64, "<f8"}, TypeRow{Dtype::I32, "<i4"},
                               TypeRow{Dtype::I64, "<i8"}, TypeRow{Dtype::I16, "<i2"}, TypeRow{Dtype::U8, "|u1"}};

[[noreturn]] void refuse(Fault fault, const std::string& what) { throw DataError(fault, "NumPy file: " + what); }

// The text after 'key': in the header, a Python dictionary whose keys NumPy fixes.
std::string_view value_of(std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "':";
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) refuse(Fault::InvalidHeader, "the header lacks '" + std::string(key) + "'");
  header.remove_prefix(at + quoted.size());
  const std::size_t first = header.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view() : header.substr(first);
}

Dtype dtype_of(std::string_view header) {
  std::string_view value = value_of(header, "descr");
  for (const TypeRow& row : kTypes)
    if (value.starts_with("'" + std::string(row.name) + "'")) return row.dtype;
  refuse(Fault::UnsupportedFormat, "numbers of a type that is not read; expected little-endian float32 or float64");
}

std::vector<std::int64_t> shape_of(std::string_view header) {
  std::string_view value = value_of(header, "shape");
  const std::size_t end = value.find(')');
  if (!value.starts_with('(') || end == std::string_view::npos) refuse(Fault::InvalidHeader, "no shape in the header");
  value = value.substr(1, end - 1);
  std::vector<std::int64_t> shape;
  while (true) {
    const std::size_t first = value.find_first_not_of(" ,");
    if (first == std::string_view::npos) return shape;
    value.remove_prefix(first);
    std::int64_t size = 0;
    const auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error != std::errc() || size < 0 || shape.size() >= 8)
      refuse(Fault::InvalidHeader, "the shape is no list of sizes");
    shape.push_back(size);
    value.remove_prefix(static_cast<std::size_t>(rest - value.data()));
  }
}

std::int64_t bytes_of(const std::vector<std::int64_t>& shape, Dtype dtype) {
  auto bytes = static_cast<std::int64_t>(dtype_bytes(dtype));
  for (const std::int64_t size : shape)
    if (__builtin_mul_overflow(bytes, size, &bytes) || bytes > kDataLimit)
      refuse(Fault::TooLarge, "an array of more than 2^36 bytes");
  return bytes;
}

// Column order to row order.
std::vector<std::byte> row_major(const std::vector<std::byte>& data, const std::vector<std::int64_t>& shape,
                                 std::size_t item) {
  const auto rows = static_cast<std::size_t>(shape[0]), columns = static_cast<std::size_t>(shape[1]);
  std::vector<std::byte> turned(data.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c)
      std::memcpy(turned.data() + (r * columns + c) * item, data.data() + (c * rows + r) * item, item);
  return turned;
}

// Of the magic, the version and the length of the header: where the header starts and how long it is.
std::pair<std::size_t, std::size_t> header_place(std::string_view bytes) {
  constexpr std::size_t kVersion = 6, kLength = 8;
  if (!bytes.starts_with(kMagic) || bytes.size() < 10) refuse(Fault::InvalidHeader, "it does not begin as one");
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])); };
  const std::size_t major = byte(kVersion);
  if (major < 1 || major > 3) refuse(Fault::UnsupportedFormat, "a format version that is not read");
  const std::size_t width = major == 1 ? 2 : 4;
  if (bytes.size() < kLength + width) refuse(Fault::TruncatedFile, "it ends within the header");
  std::size_t length = 0;
  for (std::size_t i = 0; i < width; ++i) length |= byte(kLength + i) << (8 * i);
  if (length > kHeaderLimit) refuse(Fault::InvalidHeader, "a header of more than 64 kB");
  if (bytes.size() < kLength + width + length) refuse(Fault::TruncatedFile, "it ends within the header");
  return {kLength + width, length};
}

}  // namespace

NumpyArray parse_npy(std::string_view bytes) {
  const auto [start, length] = header_place(bytes);
  const std::string_view header = bytes.substr(start, length);
  NumpyArray array;
  array.dtype = dtype_of(header);
  array.shape = shape_of(header);
  const auto expected = static_cast<std::size_t>(bytes_of(array.shape, array.dtype));
  const std::string_view data = bytes.substr(start + length);
  if (data.size() != expected)
    refuse(Fault::TruncatedFile,
           "its header says " + std::to_string(expected) + " bytes of numbers, found " + std::to_string(data.size()));
  const auto* first = reinterpret_cast<const std::byte*>(data.data());
  array.data.assign(first, first + data.size());
  const std::string_view order = value_of(header, "fortran_order");
  if (!order.starts_with("True") && !order.starts_with("False")) refuse(Fault::InvalidHeader, "no order in the header");
  if (order.starts_with("True") && array.shape.size() > 1) {
    if (array.shape.size() > 2) refuse(Fault::UnsupportedFormat, "Fortran order of more than two dimensions");
    array.data = row_major(array.data, array.shape, dtype_bytes(array.dtype));
  }
  return array;
}

std::map<std::string, NumpyArray> parse_npz(std::string_view bytes) {
  constexpr std::string_view kExtension = ".npy";
  std::map<std::string, NumpyArray> arrays;
  for (const ZipMember& member : zip_members(bytes)) {
    std::string name = member.name;
    if (name.ends_with(kExtension)) name.resize(name.size() - kExtension.size());
    if (arrays.contains(name)) refuse(Fault::InvalidHeader, "two arrays of one name");
    arrays.emplace(name, parse_npy(unpacked(bytes, member)));
  }
  return arrays;
}

NumpyArray read_npy(const std::filesystem::path& path) { return parse_npy(read_whole_file(path)); }

std::map<std::string, NumpyArray> read_npz(const std::filesystem::path& path) {
  return parse_npz(read_whole_file(path));
}

std::string npy_bytes(const TensorView& array) {
  const auto* row =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeRow& each) { return each.dtype == array.dtype; });
  if (row == kTypes.end()) throw std::invalid_argument("numbers of a type that is not written to NumPy files");
  if (static_cast<std::size_t>(bytes_of(array.shape, array.dtype)) != array.data.size())
    throw std::invalid_argument("an array whose data and shape disagree");
  std::string header = "{'descr': '" + std::string(row->name) + "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t size : array.shape) header += std::to_string(size) + ",";
  if (array.shape.size() > 1) header.pop_back();
  header += "), }";
  const std::size_t before = kMagic.size() + 4;
  header += std::string(kAlignment - (before + header.size() + 1) % kAlignment, ' ') + "\n";
  std::string bytes(kMagic);
  bytes += {'\1', '\0', static_cast<char>(header.size() & 0xFFU), static_cast<char>(header.size() >> 8U)};
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(array.data.data()), array.data.size());
  return bytes;
}

void write_npz(const std::filesystem::path& path, const std::map<std::string, TensorView>& arrays) {
  std::map<std::string, std::string> members;
  for (const auto& [name, array] : arrays) members.emplace(name + ".npy", npy_bytes(array));
  write_atomically(path, zip_stored(members));
}

}  // namespace ctforge::io
