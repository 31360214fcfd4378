// Framing and the few messages, field by field.
#include "pipeline/observe/tensorboard.h"

#include <array>
#include <bit>

namespace ctforge::pipeline {

namespace {

constexpr std::array<std::uint32_t, 256> crc32c_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78U : 0U);
    table[i] = value;
  }
  return table;
}

template <class Unsigned>
std::string little_endian(Unsigned value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

// As record_writer.h masks it, so that checksums of checksums do not become weak.
std::uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8U; }

// Protobuf's wire format (protobuf.dev/programming-guides/encoding): a tag, then the value.
enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}

std::string tag(std::uint64_t field, WireType type) { return varint(field << 3 | type); }

std::string integer(std::uint64_t field, std::int64_t value) {
  return tag(field, kVarint) + varint(static_cast<std::uint64_t>(value));
}

std::string message(std::uint64_t field, std::string_view bytes) {
  return tag(field, kLengthDelimited) + varint(bytes.size()) + std::string(bytes);
}

// Event: wall_time = 1 (double), step = 2 (int64), then one of file_version = 3 (string), summary = 5 (Summary),
// session_log = 7 (SessionLog).
std::string event(double time_s, std::int64_t step, const std::string& content) {
  std::string bytes = tag(1, kFixed64) + little_endian(std::bit_cast<std::uint64_t>(time_s));
  if (step != 0) bytes += integer(2, step);
  return tfrecord(bytes + content);
}

// Summary: value = 1 (repeated Value). Value: tag = 1 (string), simple_value = 2 (float), image = 4 (Image).
std::string value(const std::string& name, const std::string& content) {
  return message(1, message(1, name) + content);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table = crc32c_table();
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) crc = table[(crc ^ static_cast<unsigned char>(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

std::string tfrecord(std::string_view bytes) {
  const std::string length = little_endian(std::uint64_t{bytes.size()});
  return length + little_endian(masked_crc(length)) + std::string(bytes) + little_endian(masked_crc(bytes));
}

std::string version_record(double time_s) { return event(time_s, 0, message(3, "brain.Event:2")); }

std::string restart_record(double time_s, std::int64_t step) {
  // SessionLog: status = 1 (enum; START = 1).
  return event(time_s, step, message(7, integer(1, 1)));
}

std::string scalars_record(double time_s, std::int64_t step,
                           const std::vector<std::pair<std::string, double>>& values) {
  std::string summary;
  for (const auto& [name, number] : values)
    summary += value(name, tag(2, kFixed32) + little_endian(std::bit_cast<std::uint32_t>(static_cast<float>(number))));
  return event(time_s, step, message(5, summary));
}

std::string image_record(double time_s, std::int64_t step, const TensorBoardImage& image) {
  // Image: height = 1, width = 2, colorspace = 3 (3: RGB), encoded_image_string = 4 (bytes).
  const std::string content =
      integer(1, image.height) + integer(2, image.width) + integer(3, 3) + message(4, image.png);
  return event(time_s, step, message(5, value(image.tag, message(4, content))));
}

}  // namespace ctforge::pipeline
