// Pixel data judged where it lies, by lengths and markers.
#include "io/dicom/dicom_fragments.h"

#include "io/dicom/dicom_codestream.h"
#include "io/file/file_descriptor.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace ctforge::io {

namespace {

using Bytes = std::span<const unsigned char>;

std::uint32_t little32(Bytes at) {
  return static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8 |
         static_cast<std::uint32_t>(at[2]) << 16 | static_cast<std::uint32_t>(at[3]) << 24;
}

std::uint32_t big32(Bytes at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | static_cast<std::uint32_t>(at[3]);
}

std::string many(std::int64_t count, const char* what) { return std::to_string(count) + " " + what; }

void check_native(const DicomPixels& pixels, std::int64_t file_bytes, std::vector<Finding>& faults) {
  const std::int64_t expected = pixels.slice_bytes() * pixels.frames;
  if (pixels.length < 0) {
    faults.push_back({Fault::MalformedDicom, "PixelData has no length although its encoding is uncompressed"});
  } else if (pixels.length < expected) {
    faults.push_back(
        {Fault::TruncatedPixelData,
         "PixelData has " + many(pixels.length, "bytes, the size in the header needs ") + std::to_string(expected)});
  } else if (pixels.length > expected + expected % 2) {
    faults.push_back({Fault::MalformedDicom, "PixelData has " +
                                                 many(pixels.length, "bytes, the size in the header needs only ") +
                                                 std::to_string(expected)});
  } else if (pixels.offset + expected > file_bytes) {
    faults.push_back({Fault::TruncatedPixelData,
                      "the file ends after " + many(std::max<std::int64_t>(0, file_bytes - pixels.offset), "of ") +
                          many(expected, "bytes of PixelData")});
  }
}

// The basic offset table and the fragments after it; empty, with a fault, when the sequence is broken.
std::vector<Fragment> walk_fragments(int descriptor, const DicomPixels& pixels, std::int64_t file_bytes,
                                     std::vector<Finding>& faults) {
  constexpr std::uint32_t item = 0xE000FFFE, delimiter = 0xE0DDFFFE;
  constexpr std::size_t most = 1'000'000;  // a CT slice has one or a few
  std::vector<Fragment> fragments;
  std::int64_t at = pixels.offset;
  while (fragments.size() < most) {
    std::array<unsigned char, 8> head{};
    if (read_at(descriptor, at, head) < head.size()) {
      faults.push_back({Fault::TruncatedPixelData, "the file ends before the end of its compressed PixelData"});
      return {};
    }
    const std::uint32_t tag = little32(head);
    const std::int64_t length = little32(Bytes(head).subspan(4));
    if (tag == delimiter) break;
    if (tag != item || length == 0xFFFFFFFF) {
      faults.push_back({Fault::MalformedDicom, "the compressed PixelData is no sequence of fragments"});
      return {};
    }
    at += 8 + length;
    if (at > file_bytes) {
      faults.push_back({Fault::TruncatedPixelData, "the file ends within a fragment of its compressed PixelData"});
      return {};
    }
    fragments.push_back({at - length, length});
  }
  return fragments;
}

// Where in the fragments each frame begins, by the offsets of the table: those count from the first fragment's item.
std::vector<std::size_t> starts_by_table(int descriptor, const Fragment& table, const std::vector<Fragment>& fragments,
                                         std::int64_t frames) {
  if (table.length != 4 * frames) return {};
  std::vector<unsigned char> bytes(static_cast<std::size_t>(table.length));
  if (read_at(descriptor, table.offset, bytes) < bytes.size()) return {};
  std::vector<std::size_t> starts;
  for (std::size_t frame = 0; frame < static_cast<std::size_t>(frames); ++frame) {
    const std::int64_t offset = fragments.front().offset + little32(Bytes(bytes).subspan(4 * frame));
    const auto at = std::lower_bound(fragments.begin(), fragments.end(), offset,
                                     [](const Fragment& f, std::int64_t wanted) { return f.offset < wanted; });
    if (at == fragments.end() || at->offset != offset) return {};
    starts.push_back(static_cast<std::size_t>(at - fragments.begin()));
    if (frame > 0 && starts[frame] <= starts[frame - 1]) return {};
  }
  return starts.front() == 0 ? starts : std::vector<std::size_t>();
}

// Likewise where a codestream of JPEG, JPEG-LS (FF D8 FF) or JPEG 2000 (FF 4F FF) begins.
std::vector<std::size_t> starts_by_marker(int descriptor, const std::vector<Fragment>& fragments) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < fragments.size(); ++i) {
    std::array<unsigned char, 3> head{};
    if (fragments[i].length < 3 || read_at(descriptor, fragments[i].offset, head) < head.size()) continue;
    if (head[0] == 0xFF && (head[1] == 0xD8 || head[1] == 0x4F) && head[2] == 0xFF) starts.push_back(i);
  }
  return starts;
}

// PS3.5 8.2.4: where data elements and codestream disagree about the stored bits, the codestream tells what was
// encoded.
void use_precision(int precision, DicomFile& file) {
  DicomPixels& pixels = file.header.pixels;
  if (precision <= pixels.bits_stored) return;
  const std::string found = "the JPEG 2000 codestream has " + std::to_string(precision) + " bits, BitsStored is " +
                            std::to_string(pixels.bits_stored);
  if (precision > pixels.bits_allocated || pixels.high_bit != pixels.bits_stored - 1) {
    file.faults.push_back({Fault::MalformedDicom, found});
    return;
  }
  pixels.bits_stored = precision;
  pixels.high_bit = precision - 1;
  file.notes.push_back(found + ": the codestream is followed");
}

}  // namespace

PixelDataPlace find_pixel_data(int descriptor, std::int64_t position, bool explicit_vr, bool big_endian) {
  constexpr std::array<unsigned char, 4> little = {0xE0, 0x7F, 0x10, 0x00}, big = {0x7F, 0xE0, 0x00, 0x10};
  const std::int64_t head_bytes = explicit_vr ? 12 : 8;
  for (const std::int64_t start : {position - head_bytes, position}) {
    std::array<unsigned char, 12> head{};
    const auto need = static_cast<std::size_t>(head_bytes);
    if (read_at(descriptor, start, std::span(head).first(need)) < need) continue;
    if (!std::equal(little.begin(), little.end(), head.begin()) && !big_endian) continue;
    if (!std::equal(big.begin(), big.end(), head.begin()) && big_endian) continue;
    const Bytes length_bytes = Bytes(head).subspan(need - 4);
    const std::uint32_t length = big_endian ? big32(length_bytes) : little32(length_bytes);
    return {true, start + head_bytes, length == 0xFFFFFFFF ? -1 : std::int64_t{length}};
  }
  return {};
}

std::vector<std::vector<Fragment>> find_frames(int descriptor, const DicomPixels& pixels, std::int64_t file_bytes,
                                               std::vector<Finding>& faults) {
  const std::size_t faults_before = faults.size();
  std::vector<Fragment> fragments = walk_fragments(descriptor, pixels, file_bytes, faults);
  if (faults.size() > faults_before) return {};
  const Fragment table = fragments.empty() ? Fragment{} : fragments.front();
  if (!fragments.empty()) fragments.erase(fragments.begin());
  std::erase_if(fragments, [](const Fragment& f) { return f.length == 0; });
  if (fragments.empty()) {
    faults.push_back({Fault::MissingPixelData, "the compressed PixelData has no fragments"});
    return {};
  }
  const auto frames = static_cast<std::size_t>(pixels.frames);
  std::vector<std::size_t> starts;
  if (frames == 1)
    starts = {0};
  else if (fragments.size() == frames)
    for (std::size_t i = 0; i < frames; ++i) starts.push_back(i);
  else
    starts = starts_by_table(descriptor, table, fragments, pixels.frames);
  if (starts.empty()) starts = starts_by_marker(descriptor, fragments);
  if (starts.size() != frames || starts.front() != 0) {
    faults.push_back(
        {Fault::TruncatedPixelData, "the compressed PixelData does not hold " + many(pixels.frames, "frames")});
    return {};
  }
  std::vector<std::vector<Fragment>> found;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    const std::size_t end = frame + 1 < frames ? starts[frame + 1] : fragments.size();
    found.emplace_back(fragments.begin() + static_cast<std::ptrdiff_t>(starts[frame]),
                       fragments.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return found;
}

void check_pixel_data(int descriptor, std::int64_t file_bytes, DicomFile& file) {
  const DicomPixels& pixels = file.header.pixels;
  std::vector<Finding>& faults = file.faults;
  if (is_native(pixels.encoding)) return check_native(pixels, file_bytes, faults);
  if (pixels.rows * pixels.columns > kMostCompressedPixels ||
      (pixels.encoding == PixelEncoding::Deflated && pixels.slice_bytes() * pixels.frames > kMostDeflatedBytes)) {
    faults.push_back({Fault::TooLarge, "more pixels than a compressed image may expand to"});
    return;
  }
  if (!is_encapsulated(pixels.encoding)) return;
  if (pixels.length >= 0) {
    faults.push_back({Fault::MalformedDicom, "the compressed PixelData is not encapsulated"});
    return;
  }
  const auto frames = find_frames(descriptor, pixels, file_bytes, faults);
  const std::size_t faults_before = faults.size();
  for (const std::vector<Fragment>& frame : frames) {
    if (const auto fault = judge_codestream(descriptor, frame, pixels))
      faults.push_back(*fault);
    else if (pixels.encoding == PixelEncoding::Jpeg2000)
      use_precision(read_codestream(descriptor, frame, pixels.encoding)->bits, file);
    if (faults.size() > faults_before) return;
  }
}

}  // namespace ctforge::io
