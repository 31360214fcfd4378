// Markers and segments of JPEG, JPEG-LS and JPEG 2000.
#include "io/dicom/dicom_codestream.h"

#include "io/file/file_descriptor.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

namespace ctforge::io {

namespace {

using Bytes = std::span<const unsigned char>;

constexpr std::size_t kJpeg2000Head = 45, kLongestJpegHead = 64 << 10;

std::int64_t big16(Bytes at) { return at[0] << 8 | at[1]; }
std::int64_t big32(Bytes at) { return big16(at) << 16 | big16(at.subspan(2)); }

// So many first bytes of a codestream, wherever it is cut into fragments; fewer where it is shorter.
std::vector<unsigned char> read_head(int descriptor, const std::vector<Fragment>& frame, std::size_t most) {
  std::vector<unsigned char> head;
  for (const Fragment& fragment : frame) {
    const std::size_t done = head.size();
    const auto part = std::min(most - done, static_cast<std::size_t>(fragment.length));
    head.resize(done + part);
    head.resize(done + read_at(descriptor, fragment.offset, std::span(head).subspan(done)));
    if (head.size() < done + part || head.size() == most) break;
  }
  return head;
}

// JPEG, JPEG-LS and JPEG 2000 streams end with FF D9, perhaps padded to an even length.
bool ends_with_marker(int descriptor, const Fragment& last) {
  std::array<unsigned char, 16> tail{};
  const std::int64_t count = std::min<std::int64_t>(static_cast<std::int64_t>(tail.size()), last.length);
  std::size_t got =
      read_at(descriptor, last.offset + last.length - count, std::span(tail).first(static_cast<std::size_t>(count)));
  while (got > 0 && tail[got - 1] == 0) --got;
  return got >= 2 && tail[got - 2] == 0xFF && tail[got - 1] == 0xD9;
}

std::optional<Codestream> jpeg2000(Bytes head) {
  if (head.size() < kJpeg2000Head || big32(head) != 0xFF4FFF51) return {};
  if (head[43] != 1 || head[44] != 1) return {};  // a component of fewer samples than the image has pixels
  Codestream found;
  found.width = big32(head.subspan(8)) - big32(head.subspan(16));
  found.height = big32(head.subspan(12)) - big32(head.subspan(20));
  found.components = static_cast<int>(big16(head.subspan(40)));
  found.bits = (head[42] & 0x7F) + 1;
  found.is_signed = (head[42] & 0x80) != 0;
  return found;
}

// A frame header: SOF0 to SOF15 but for DHT, JPG and DAC, or SOF55 of JPEG-LS.
bool begins_frame(int marker, bool lossless) {
  if (lossless) return marker == 0xF7;
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

std::optional<Codestream> jpeg(Bytes head, bool lossless) {
  if (head.size() < 2 || big16(head) != 0xFFD8) return {};
  for (std::size_t at = 2; at + 4 <= head.size();) {
    if (head[at] != 0xFF) return {};
    const int marker = head[at + 1];
    if (marker == 0xFF) {  // fill
      ++at;
      continue;
    }
    if (begins_frame(marker, lossless)) {
      if (at + 10 > head.size()) return {};
      const Bytes segment = head.subspan(at + 4);
      return Codestream{big16(segment.subspan(3)), big16(segment.subspan(1)), segment[5], segment[0], {}};
    }
    // The scan begins; or a marker without a length, over which decoders do not agree.
    if (marker == 0xDA || marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD9)) return {};
    at += 2 + static_cast<std::size_t>(big16(head.subspan(at + 2)));
  }
  return {};
}

Finding malformed(const std::string& message) { return {Fault::MalformedDicom, message}; }

}  // namespace

std::optional<Codestream> read_codestream(int descriptor, const std::vector<Fragment>& frame, PixelEncoding encoding) {
  if (encoding == PixelEncoding::Jpeg2000) return jpeg2000(read_head(descriptor, frame, kJpeg2000Head));
  return jpeg(read_head(descriptor, frame, kLongestJpegHead), encoding == PixelEncoding::JpegLs);
}

std::optional<Finding> judge_codestream(int descriptor, const std::vector<Fragment>& frame, const DicomPixels& pixels) {
  if (pixels.encoding == PixelEncoding::Rle) return {};
  if (!ends_with_marker(descriptor, frame.back()))
    return Finding{Fault::TruncatedPixelData, "the compressed PixelData lacks its end marker"};
  const auto found = read_codestream(descriptor, frame, pixels.encoding);
  const std::string name = pixels.encoding == PixelEncoding::Jpeg2000 ? "JPEG 2000"
                           : pixels.encoding == PixelEncoding::JpegLs ? "JPEG-LS"
                                                                      : "JPEG";
  if (!found) return malformed("the compressed PixelData is no " + name + " codestream");
  if (found->width != pixels.columns || found->height != pixels.rows)
    return malformed("the " + name + " codestream is " + std::to_string(found->height) + " x " +
                     std::to_string(found->width) + ", Rows and Columns say otherwise");
  if (found->components != 1)
    return malformed("the " + name + " codestream has " + std::to_string(found->components) + " components");
  if (found->is_signed && *found->is_signed != pixels.is_signed)
    return malformed("the " + name + " codestream is " + (*found->is_signed ? "signed" : "unsigned") +
                     ", PixelRepresentation says otherwise");
  if (found->bits > pixels.bits_allocated || (found->bits <= 8) != (pixels.bits_allocated == 8))
    return malformed("the " + name + " codestream has samples of " + std::to_string(found->bits) +
                     " bits, BitsAllocated is " + std::to_string(pixels.bits_allocated));
  return {};
}

}  // namespace ctforge::io
