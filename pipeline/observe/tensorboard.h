// TensorBoard event files, written by hand: TFRecords that hold protobuf messages. Knows nothing of what is in them.
//
// Format: tensorflow/core/lib/io/record_writer.h (framing), tensorflow/core/util/event.proto and
// tensorflow/core/framework/summary.proto (messages; the numbers of the fields used stand in tensorboard.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

// CRC-32C (Castagnoli), RFC 3720 section 12.1.
std::uint32_t crc32c(std::string_view bytes);

// One record: length, its masked checksum, the bytes, theirs.
std::string tfrecord(std::string_view bytes);

// A record each, `time_s` in seconds since 1970, `step` at least 0.
// What a file begins with.
std::string version_record(double time_s);
// Tells a reader that everything it has read of this run from `step` on, in files before this one, is void.
std::string restart_record(double time_s, std::int64_t step);
// Values are kept as float32.
std::string scalars_record(double time_s, std::int64_t step, const std::vector<std::pair<std::string, double>>& values);
struct TensorBoardImage {
  std::string tag;
  std::int64_t height = 0, width = 0;
  std::string png;  // RGB
};
std::string image_record(double time_s, std::int64_t step, const TensorBoardImage& image);

}  // namespace ctforge::pipeline
