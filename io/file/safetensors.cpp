// Writing safetensors files and reading them through a memory map, with every claim of the header checked first.
#include "io/file/safetensors.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <ostream>
#include <set>
#include <stdexcept>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ctforge::io {

namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian and mapped as they are");

constexpr std::uint64_t kHeaderLimit = 100'000'000;  // the reference implementation's MAX_HEADER_SIZE
constexpr std::size_t kLengthBytes = 8;
constexpr const char* kMetadataKey = "__metadata__";

struct DtypeRow {
  Dtype dtype;
  const char* name;
  std::size_t bytes;
};

// In the reference implementation's order of types, by which it sorts the data (last first).
constexpr std::array kDtypes = {
    DtypeRow{Dtype::Bool, "BOOL", 1}, DtypeRow{Dtype::U8, "U8", 1},   DtypeRow{Dtype::I8, "I8", 1},
    DtypeRow{Dtype::I16, "I16", 2},   DtypeRow{Dtype::U16, "U16", 2}, DtypeRow{Dtype::F16, "F16", 2},
    DtypeRow{Dtype::BF16, "BF16", 2}, DtypeRow{Dtype::I32, "I32", 4}, DtypeRow{Dtype::U32, "U32", 4},
    DtypeRow{Dtype::F32, "F32", 4},   DtypeRow{Dtype::F64, "F64", 8}, DtypeRow{Dtype::I64, "I64", 8},
    DtypeRow{Dtype::U64, "U64", 8},
};

std::size_t row_of(Dtype dtype) {
  for (std::size_t row = 0; row < kDtypes.size(); ++row)
    if (kDtypes[row].dtype == dtype) return row;
  throw std::invalid_argument("a tensor type without a row in the table");
}

[[noreturn]] void refuse(const std::string& what) { throw DataError(Fault::InvalidShard, "safetensors: " + what); }

// Bytes of a tensor of this shape; false when they do not fit 63 bits or a dimension is negative.
bool tensor_bytes(const std::vector<std::int64_t>& shape, Dtype dtype, std::int64_t& bytes) {
  bytes = static_cast<std::int64_t>(dtype_bytes(dtype));
  for (const std::int64_t dimension : shape)
    if (dimension < 0 || __builtin_mul_overflow(bytes, dimension, &bytes)) return false;
  return true;
}

struct Entry {
  Dtype dtype = Dtype::U8;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

// Reads the header as it is parsed, so that neither depth nor duplicate keys nor size are left to a tree of values.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::map<std::string, Entry> entries;
  Metadata metadata;

  bool null() override { refuse("null in the header"); }
  bool boolean(bool) override { refuse("a truth value in the header"); }
  bool number_integer(number_integer_t) override { refuse("a negative number in the header"); }
  bool number_float(number_float_t, const string_t&) override { refuse("a fractional or too large number"); }
  bool binary(binary_t&) override { refuse("binary data in the header"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::Shape) {
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) refuse("a dimension too large");
      if (entry_.shape.size() >= 64) refuse("a tensor of more than 64 dimensions");
      entry_.shape.push_back(static_cast<std::int64_t>(value));
    } else if (place_ == Place::Offsets && offsets_ < 2) {
      (offsets_++ == 0 ? entry_.begin : entry_.end) = value;
    } else {
      refuse("a number where none belongs");
    }
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::Metadata) {
      metadata[key_] = value;
    } else if (place_ == Place::Entry && key_ == "dtype") {
      const auto row = std::find_if(kDtypes.begin(), kDtypes.end(), [&](const DtypeRow& r) { return value == r.name; });
      if (row == kDtypes.end()) refuse("a tensor of unknown type");
      entry_.dtype = row->dtype;
    } else {
      refuse("a text where none belongs");
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::Start) {
      place_ = Place::Top;
    } else if (place_ == Place::Top && key_ == kMetadataKey) {
      place_ = Place::Metadata;
    } else if (place_ == Place::Top) {
      place_ = Place::Entry;
      name_ = key_;
      entry_ = {};
      offsets_ = 0;
    } else {
      refuse("an object where none belongs");
    }
    keys_.emplace_back();
    return true;
  }

  bool key(string_t& value) override {
    if (!keys_.back().insert(value).second) refuse("a duplicate name in the header");
    if (place_ == Place::Entry && value != "dtype" && value != "shape" && value != "data_offsets")
      refuse("an unknown property of a tensor");
    key_ = value;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::Entry) {
      if (keys_.back().size() != 3 || offsets_ != 2) refuse("a tensor without type, shape or two offsets");
      entries.emplace(name_, std::move(entry_));
    }
    place_ = place_ == Place::Top ? Place::End : Place::Top;
    keys_.pop_back();
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::Entry || key_ == "dtype") refuse("a list where none belongs");
    place_ = key_ == "shape" ? Place::Shape : Place::Offsets;
    return true;
  }
  bool end_array() override {
    place_ = Place::Entry;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    refuse("the header is not JSON");
  }

 private:
  enum class Place { Start, Top, Metadata, Entry, Shape, Offsets, End };
  Place place_ = Place::Start;
  std::string key_, name_;
  Entry entry_;
  int offsets_ = 0;
  std::vector<std::set<std::string>> keys_;
};

// Ranges must match the shapes and together cover the data exactly once.
void check_ranges(const std::map<std::string, Entry>& entries, std::uint64_t data_bytes) {
  std::vector<const Entry*> sorted;
  for (const auto& [name, entry] : entries) {
    std::int64_t bytes = 0;
    if (!tensor_bytes(entry.shape, entry.dtype, bytes)) refuse("a tensor's shape overflows");
    if (entry.end < entry.begin || entry.end > data_bytes) refuse("a tensor's range lies outside the file");
    if (entry.end - entry.begin != static_cast<std::uint64_t>(bytes)) refuse("a tensor's range does not fit its shape");
    sorted.push_back(&entry);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
    return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
  });
  std::uint64_t expected = 0;
  for (const Entry* entry : sorted) {
    if (entry->begin != expected) refuse("tensors overlap or leave holes between them");
    expected = entry->end;
  }
  if (expected != data_bytes) refuse("bytes after the last tensor, or a file cut short");
}

std::string make_header(const std::vector<const std::pair<const std::string, TensorPieces>*>& order,
                        const Metadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadataKey] = metadata;
  std::uint64_t offset = 0;
  for (const auto* item : order) {
    const auto& [name, tensor] = *item;
    const std::uint64_t end = offset + tensor.bytes();
    header[name] = {{"dtype", dtype_name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    throw std::invalid_argument("safetensors: a name or metadata text is not UTF-8");
  }
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  return text;
}

}  // namespace

std::string dtype_name(Dtype dtype) { return kDtypes[row_of(dtype)].name; }

std::size_t dtype_bytes(Dtype dtype) { return kDtypes[row_of(dtype)].bytes; }

std::size_t TensorPieces::bytes() const {
  std::size_t sum = 0;
  for (const auto& piece : pieces) sum += piece.size();
  return sum;
}

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorView>& tensors,
                       const Metadata& metadata) {
  std::map<std::string, TensorPieces> whole;
  for (const auto& [name, view] : tensors) whole[name] = {view.dtype, view.shape, {view.data}};
  write_safetensors_in_pieces(path, whole, metadata);
}

void write_safetensors_in_pieces(const std::filesystem::path& path, const std::map<std::string, TensorPieces>& tensors,
                                 const Metadata& metadata) {
  std::vector<const std::pair<const std::string, TensorPieces>*> order;
  for (const auto& item : tensors) {
    std::int64_t bytes = 0;
    if (item.first == kMetadataKey) throw std::invalid_argument("safetensors: a tensor has a reserved name");
    if (!tensor_bytes(item.second.shape, item.second.dtype, bytes) ||
        static_cast<std::size_t>(bytes) != item.second.bytes())
      throw std::invalid_argument("safetensors: the data of '" + item.first + "' do not fit its shape");
    order.push_back(&item);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return row_of(a->second.dtype) > row_of(b->second.dtype); });
  const std::string header = make_header(order, metadata);
  if (header.size() > kHeaderLimit) throw std::invalid_argument("safetensors: a header of more than 100 MB");
  write_atomically(path, [&](std::ostream& out) {
    const std::uint64_t length = header.size();
    std::array<char, kLengthBytes> length_bytes;
    std::memcpy(length_bytes.data(), &length, kLengthBytes);
    out.write(length_bytes.data(), kLengthBytes);
    out.write(header.data(), static_cast<std::streamsize>(header.size()));
    for (const auto* item : order)
      for (const auto& piece : item->second.pieces)
        out.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
  });
}

struct SafetensorsFile::Map {
  std::span<const std::byte> bytes;
  // Files of other writers may place data off their alignment; those tensors are copied.
  std::vector<std::vector<std::byte>> realigned;
  std::map<std::string, TensorView> tensors;
  Metadata metadata;

  Map() = default;
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;
  ~Map() {
    if (!bytes.empty()) ::munmap(const_cast<std::byte*>(bytes.data()), bytes.size());
  }

  void open(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) throw DataError(Fault::Unreadable, "a safetensors file cannot be opened");
    struct stat status = {};
    void* start = MAP_FAILED;
    const bool regular = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    if (regular && status.st_size > 0)
      start = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
    ::close(descriptor);
    if (!regular) throw DataError(Fault::Unreadable, "a safetensors file is not a regular file");
    if (status.st_size == 0) refuse("an empty file");
    if (start == MAP_FAILED) throw DataError(Fault::Unreadable, "a safetensors file cannot be mapped into memory");
    bytes = {static_cast<const std::byte*>(start), static_cast<std::size_t>(status.st_size)};
  }

  void add(const std::string& name, Entry entry, std::span<const std::byte> data) {
    std::span<const std::byte> view = data.subspan(entry.begin, entry.end - entry.begin);
    if (reinterpret_cast<std::uintptr_t>(view.data()) % dtype_bytes(entry.dtype) != 0) {
      realigned.emplace_back(view.begin(), view.end());
      view = realigned.back();
    }
    tensors.emplace(name, TensorView{entry.dtype, std::move(entry.shape), view});
  }
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : map_(std::make_unique<Map>()) {
  map_->open(path);
  const auto bytes = map_->bytes;
  if (bytes.size() < kLengthBytes) refuse("a file shorter than its length field");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kHeaderLimit) refuse("a header of more than 100 MB");
  if (length > bytes.size() - kLengthBytes) refuse("a header longer than the file");
  const char* text = reinterpret_cast<const char*>(bytes.data()) + kLengthBytes;
  if (length == 0 || *text != '{') refuse("the header is not a JSON object");
  HeaderReader header;
  nlohmann::json::sax_parse(text, text + length, &header);
  const auto data = bytes.subspan(kLengthBytes + length);
  check_ranges(header.entries, data.size());
  for (auto& [name, entry] : header.entries) map_->add(name, std::move(entry), data);
  map_->metadata = std::move(header.metadata);
}

SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

const std::map<std::string, TensorView>& SafetensorsFile::tensors() const { return map_->tensors; }

const Metadata& SafetensorsFile::metadata() const { return map_->metadata; }

const TensorView& SafetensorsFile::at(const std::string& name) const {
  const auto found = map_->tensors.find(name);
  if (found == map_->tensors.end()) refuse("there is no tensor '" + name + "'");
  return found->second;
}

}  // namespace ctforge::io
