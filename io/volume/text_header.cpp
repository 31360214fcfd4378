// "key: value" (NRRD, http://teem.sourceforge.net/nrrd/format.html) and "key = value" (MetaImage) lines.
#include "io/volume/text_header.h"

#include "io/dicom/dicom_attributes.h"
#include "io/file/fault.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <new>
#include <string_view>
#include <vector>

#include <zlib.h>

namespace ctforge::io {

namespace {

constexpr std::size_t kLongestHeader = 1 << 20;

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string first_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw DataError(Fault::Unreadable, "a file cannot be opened");
  std::string bytes(kLongestHeader, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

// What ends a MetaImage header. MetaIO knows keys in this spelling alone, takes ':' for '=' too, and heeds no lines: a
// header that has the word anywhere before, in any spelling, may name two files of voxels.
constexpr std::string_view kMetaEnd = "ElementDataFile";
constexpr const char* kAmbiguous = "the header has a key twice, or in another spelling";

void require_first(const std::string& bytes, std::size_t line) {
  if (lower(bytes.substr(0, line + kMetaEnd.size())).find(lower(std::string(kMetaEnd))) != line)
    throw DataError(Fault::InvalidHeader, kAmbiguous);
}

// Lines up to the end of the header: an empty one for NRRD, ElementDataFile for MetaImage.
void parse_lines(const std::string& bytes, TextHeader& header) {
  const char* separators = header.nrrd ? ":" : "=:";
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t end = bytes.find('\n', at);
    const bool last = end == std::string::npos;
    const std::size_t begin = at;
    const std::string line = trimmed(std::string_view(bytes).substr(at, last ? std::string::npos : end - at));
    at = last ? bytes.size() : end + 1;
    header.end = static_cast<std::int64_t>(at);
    if (header.nrrd && line.empty()) return;
    const std::size_t split = line.find_first_of(separators);
    if (split == std::string::npos || line.starts_with('#')) continue;
    const std::string key = trimmed(std::string_view(line).substr(0, split));
    if (!header.fields.emplace(lower(key), trimmed(std::string_view(line).substr(split + 1))).second)
      throw DataError(Fault::InvalidHeader, kAmbiguous);
    if (header.nrrd || lower(key) != lower(std::string(kMetaEnd))) continue;
    if (key != kMetaEnd) throw DataError(Fault::InvalidHeader, kAmbiguous);
    require_first(bytes, bytes.find(kMetaEnd, begin));
    return;
  }
  // A detached NRRD header may end with the file.
  if (!header.nrrd || header.field("data file").empty()) throw DataError(Fault::InvalidHeader, "the header has no end");
}

// The file with the voxels must lie beside its header, so that a header cannot point at any file of the machine.
void place_data(const std::filesystem::path& path, const std::string& name, TextHeader& header) {
  header.attached = name.empty() || lower(name) == "local";
  header.data_file = path;
  if (header.attached) return;
  const bool plain = name.find('/') == std::string::npos && name.find('%') == std::string::npos &&
                     name.find(' ') == std::string::npos && lower(name) != "list";
  header.data_file = path.parent_path() / name;
  if (!plain) throw DataError(Fault::InvalidHeader, "the voxels are not in one file beside the header");
  std::error_code error;
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(header.data_file, error)))
    throw DataError(Fault::InvalidHeader, "the file with the voxels is missing");
}

void check_nrrd(const std::filesystem::path& path, TextHeader& header) {
  const std::string space = lower(header.field("space"));
  if (header.field("space directions").empty())
    throw DataError(Fault::InvalidHeader, "no space directions: spacing and orientation unknown");
  const bool known = space == "left-posterior-superior" || space == "lps" || space == "right-anterior-superior" ||
                     space == "ras" || space == "left-anterior-superior" || space == "las";
  if (!known) throw DataError(Fault::InvalidHeader, "the space is not LPS, RAS or LAS");
  std::string data = header.field("data file");
  if (data.empty()) data = header.field("datafile");
  place_data(path, data, header);
  header.raw = lower(header.field("encoding")) == "raw";
}

void check_meta(const std::filesystem::path& path, TextHeader& header) {
  if (header.field("elementspacing").empty()) throw DataError(Fault::InvalidHeader, "no ElementSpacing");
  for (const auto& [key, neutral] :
       {std::pair("elementtointensityfunctionslope", 1.0), std::pair("elementtointensityfunctionoffset", 0.0)}) {
    const std::string text = header.field(key);
    if (!text.empty() && parse_decimal(text) != neutral)
      throw DataError(Fault::InvalidRescale, "an intensity scale that is not read");
  }
  place_data(path, header.field("elementdatafile"), header);
  header.raw = lower(header.field("compresseddata")) != "true";
}

// Bytes that a zlib or gzip stream expands to, when it is sound and these are no more than `most`; else -1.
std::int64_t expanded_size(std::istream& in, std::int64_t most) {
  constexpr int either_format = 15 + 32;
  std::vector<char> packed(1 << 16), expanded(1 << 18);
  z_stream stream = {};
  if (inflateInit2(&stream, either_format) != Z_OK) throw std::bad_alloc();
  int state = Z_OK;
  std::int64_t total = 0;
  while (state == Z_OK && total <= most) {
    if (stream.avail_in == 0) {
      in.read(packed.data(), static_cast<std::streamsize>(packed.size()));
      stream.next_in = reinterpret_cast<Bytef*>(packed.data());
      stream.avail_in = static_cast<unsigned>(in.gcount());
      if (stream.avail_in == 0) break;
    }
    stream.next_out = reinterpret_cast<Bytef*>(expanded.data());
    stream.avail_out = static_cast<unsigned>(expanded.size());
    state = inflate(&stream, Z_NO_FLUSH);
    total += static_cast<std::int64_t>(expanded.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END && total <= most ? total : -1;
}

}  // namespace

std::string TextHeader::field(const std::string& key) const {
  const auto found = fields.find(key);
  return found == fields.end() ? std::string() : found->second;
}

TextHeader read_text_header(const std::filesystem::path& path) {
  const std::string bytes = first_bytes(path);
  TextHeader header;
  header.nrrd = bytes.starts_with("NRRD000");
  if (!header.nrrd && lower(bytes.substr(0, 4096)).find("ndims") == std::string::npos)
    throw DataError(Fault::InvalidHeader, "neither a NRRD nor a MetaImage header");
  parse_lines(bytes, header);
  if (header.nrrd)
    check_nrrd(path, header);
  else
    check_meta(path, header);
  return header;
}

void check_raw_length(const TextHeader& header, std::int64_t voxel_bytes) {
  if (!header.raw) return;
  std::error_code error;
  const auto file_bytes = static_cast<std::int64_t>(std::filesystem::file_size(header.data_file, error));
  if (error) throw DataError(Fault::Unreadable, "the size of a file cannot be read");
  const std::int64_t have = file_bytes - (header.attached ? header.end : 0);
  if (have < voxel_bytes)
    throw DataError(Fault::TruncatedFile, "the file holds " + std::to_string(std::max<std::int64_t>(have, 0)) + " of " +
                                              std::to_string(voxel_bytes) + " bytes of voxels");
}

void check_compressed_length(const TextHeader& header, std::int64_t voxel_bytes) {
  const std::string encoding = lower(header.field("encoding"));
  const bool skips = !header.field("byte skip").empty() || !header.field("line skip").empty();
  if (header.raw || (header.nrrd && (skips || (encoding != "gzip" && encoding != "gz")))) return;
  std::ifstream in(header.data_file, std::ios::binary);
  in.seekg(header.attached ? header.end : 0);
  if (expanded_size(in, voxel_bytes) != voxel_bytes)
    throw DataError(Fault::TruncatedFile, "the compressed voxels are damaged, cut short or of another size");
}

}  // namespace ctforge::io
