// The safetensors format: u64 little-endian header length, JSON header, raw little-endian row-major data.
// https://github.com/huggingface/safetensors#format . Files are written atomically and read through a memory map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ctforge::io {

enum class Dtype { Bool, U8, I8, I16, U16, I32, U32, I64, U64, F16, BF16, F32, F64 };

std::string dtype_name(Dtype dtype);  // "I16"
std::size_t dtype_bytes(Dtype dtype);

struct TensorView {
  Dtype dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;  // row-major; size is the shape's product times dtype_bytes

  // The data as numbers of type T, whose size must be the type's; throws std::invalid_argument otherwise.
  template <class T>
  std::span<const T> as() const {
    if (sizeof(T) != dtype_bytes(dtype)) throw std::invalid_argument("a tensor read as a type of another size");
    return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
  }
};

using Metadata = std::map<std::string, std::string>;

// Order of the data: type by falling alignment, then name, as the reference implementation writes; the header is padded
// with spaces to 8 bytes. Byte-equal to the reference for at most one metadata entry (it does not fix the order of
// more; here they are sorted). Throws std::invalid_argument when data and shape disagree or a text is not UTF-8.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorView>& tensors,
                       const Metadata& metadata);

// A tensor whose data lie in several places, one after the other.
struct TensorPieces {
  Dtype dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::span<const std::byte>> pieces;

  std::size_t bytes() const;
};

// Likewise, without the tensors being joined in memory first.
void write_safetensors_in_pieces(const std::filesystem::path& path, const std::map<std::string, TensorPieces>& tensors,
                                 const Metadata& metadata);

// A memory-mapped file. Everything is checked on opening: header length (at most 100 MB), types, shape products against
// overflow, ranges without overlap or holes, duplicate names, nesting. Throws DataError(InvalidShard), or Unreadable
// for what cannot be opened. Views are aligned to their type and live as long as the object (or what it is moved into).
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

  const std::map<std::string, TensorView>& tensors() const;
  const Metadata& metadata() const;
  // Throws DataError(InvalidShard) when there is no tensor of that name.
  const TensorView& at(const std::string& name) const;

 private:
  struct Map;
  std::unique_ptr<Map> map_;
};

}  // namespace ctforge::io
