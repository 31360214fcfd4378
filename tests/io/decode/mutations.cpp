// Damaging files, and loading them.
#include "tests/io/decode/mutations.h"

#include "io/volume/load.h"
#include "tests/support/support.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <iostream>
#include <random>
#include <utility>

#include <gtest/gtest.h>

namespace ctforge::test {

namespace {

namespace fs = std::filesystem;

constexpr double kTimeLimit_s = 20, kMostSeconds = 60;

// The enhanced CT files are perfusion maps, which are refused: said to be a volume, they are loaded.
std::string sound_bytes(const fs::path& source) {
  const std::string perfusion = "PERFUSION\\RCBF", volume = "VOLUME\\NONE   ";
  std::string bytes = read_file(source);
  for (std::size_t at = bytes.find(perfusion); at != std::string::npos; at = bytes.find(perfusion, at))
    bytes.replace(at, perfusion.size(), volume);
  return bytes;
}

struct Span {
  std::size_t begin, end;
};

std::size_t little(const std::string& bytes, std::size_t at, std::size_t count) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + i])) << 8 * i;
  return value;
}

// Top-level elements of explicit little-endian DICOM, up to PixelData or the first of undefined length.
std::vector<Span> elements(const std::string& bytes) {
  std::vector<Span> spans;
  if (bytes.size() < 160 || bytes.compare(128, 4, "DICM") != 0) return spans;
  std::size_t at = 132;
  while (at + 12 <= bytes.size() && little(bytes, at, 2) != 0x7FE0) {
    const std::string vr = bytes.substr(at + 4, 2);
    if (std::isupper(static_cast<unsigned char>(vr[0])) == 0 || std::isupper(static_cast<unsigned char>(vr[1])) == 0)
      break;
    const bool wide = vr == "OB" || vr == "OW" || vr == "SQ" || vr == "UN" || vr == "UT" || vr == "OF";
    const std::size_t length = wide ? little(bytes, at + 8, 4) : little(bytes, at + 6, 2);
    const std::size_t end = at + (wide ? 12 : 8) + length;
    if (length == 0xFFFFFFFF || end > bytes.size()) break;
    if (little(bytes, at, 2) != 2) spans.push_back({at, end});
    at = end;
  }
  return spans;
}

std::string swapped(const std::string& bytes, Span a, Span b) {
  if (a.begin > b.begin) std::swap(a, b);
  return bytes.substr(0, a.begin) + bytes.substr(b.begin, b.end - b.begin) + bytes.substr(a.end, b.begin - a.end) +
         bytes.substr(a.begin, a.end - a.begin) + bytes.substr(b.end);
}

struct Outcome {
  enum class Kind { Loaded, Refused, Died, NoImage } kind = Kind::NoImage;
  std::vector<std::int16_t> hu;
};

Outcome load(const fs::path& path) {
  io::ScanOptions options;
  options.path = path;
  options.min_slices = 1;
  io::DecodeOptions decode;
  decode.time_limit_s = kTimeLimit_s;
  Outcome outcome;
  for (const io::Series& series : io::scan(options).series) try {
      outcome.hu = io::load_volume(series, decode).hu;
      outcome.kind = Outcome::Kind::Loaded;
    } catch (const io::DataError& error) {
      outcome.kind = error.fault() == io::Fault::DecoderDied ? Outcome::Kind::Died : Outcome::Kind::Refused;
    }
  return outcome;
}

}  // namespace

std::string damaged(const std::string& bytes, Damage damage, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random() % limit); };
  if (damage == Damage::Cut) return bytes.substr(0, below(4) == 0 ? bytes.size() - 1 - below(64) : below(bytes.size()));
  std::string result = bytes;
  if (damage == Damage::Flip) {
    // Half of them in the first part of the file, where the header is.
    const std::size_t reach = below(2) == 0 ? std::min<std::size_t>(bytes.size(), 4096) : bytes.size();
    for (std::size_t i = 0, count = 1 + below(8); i < count; ++i)
      result[below(reach)] ^= static_cast<char>(1 + below(255));
    return result;
  }
  const std::vector<Span> spans = elements(bytes);
  if (spans.size() > 1) {
    const std::size_t a = below(spans.size()), b = below(spans.size());
    if (a != b) return swapped(bytes, spans[a], spans[b]);
  }
  const std::size_t length = 4 + below(28), half = bytes.size() / 2 - length;
  const std::size_t a = below(half), b = half + length + below(half);
  return swapped(bytes, {a, a + length}, {b, b + length});
}

std::vector<fs::path> mutation_sources(const fs::path& test_data) {
  const fs::path syntaxes = test_data / "cornerstone_syntaxes", enhanced = test_data / "enhanced_ct_multiframe";
  std::vector<fs::path> sources = {
      test_data / "pydicom_test_files" / "CT_small.dcm", test_data / "pydicom_test_files" / "693_J2KI.dcm",
      enhanced / "CT0012.fragmented_no_bot_jpeg_ls.80.dcm", enhanced / "CT0012.not_fragmented_bot_rle.dcm",
      test_data / "sts_ibsi" / "nifti" / "STS_002" / "CT_image.nii.gz"};
  for (const auto& entry : fs::directory_iterator(syntaxes))
    if (entry.path().filename().string().find(".dcm") != std::string::npos) sources.push_back(entry.path());
  std::sort(sources.begin(), sources.end());
  return sources;
}

MutationCounts mutate(const fs::path& source, int count, std::uint64_t seed) {
  const TemporaryFolder folder;
  const std::string sound = sound_bytes(source);
  const std::string name = source.filename().string().ends_with(".nii.gz") ? "mutant.nii.gz" : "mutant.dcm";
  write_file(folder / name, sound);
  const Outcome whole = load(folder / name);
  MutationCounts counts;
  for (int i = 0; i < count; ++i) {
    const auto damage = static_cast<Damage>(i % 3);
    const std::string bytes = damaged(sound, damage, seed + static_cast<std::uint64_t>(i));
    write_file(folder / name, bytes);
    const auto begin = std::chrono::steady_clock::now();
    const Outcome outcome = load(folder / name);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    counts.slowest_s = std::max(counts.slowest_s, seconds);
    EXPECT_LT(seconds, kMostSeconds) << source.filename() << " mutation " << seed + static_cast<std::uint64_t>(i);
    const bool same = outcome.hu == whole.hu;
    switch (outcome.kind) {
      case Outcome::Kind::Loaded:
        EXPECT_TRUE(same || bytes.size() >= sound.size())
            << source.filename() << " mutation " << seed + static_cast<std::uint64_t>(i) << ": cut and accepted";
        ++(same ? counts.same : counts.changed);
        break;
      case Outcome::Kind::Refused:
        ++counts.refused;
        break;
      case Outcome::Kind::Died:
        ++counts.died;
        break;
      case Outcome::Kind::NoImage:
        ++counts.no_image;
        break;
    }
  }
  return counts;
}

void mutate_all(const fs::path& test_data, int count, std::uint64_t seed) {
  const std::vector<fs::path> sources = mutation_sources(test_data);
  ASSERT_GE(sources.size(), 15U);
  MutationCounts sum;
  const int each = (count + static_cast<int>(sources.size()) - 1) / static_cast<int>(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const MutationCounts counts = mutate(sources[i], each, seed + 1'000'000 * i);
    sum.same += counts.same;
    sum.changed += counts.changed;
    sum.refused += counts.refused;
    sum.died += counts.died;
    sum.no_image += counts.no_image;
    sum.slowest_s = std::max(sum.slowest_s, counts.slowest_s);
  }
  EXPECT_GE(sum.total(), count);
  EXPECT_GT(sum.same, 0);
  EXPECT_GT(sum.refused, 0);
  std::cout << sum.total() << " mutations of " << sources.size() << " files: " << sum.same << " accepted unchanged, "
            << sum.changed << " accepted with changed voxels, " << sum.refused << " refused, " << sum.died
            << " decoder deaths, " << sum.no_image << " no image any more; slowest " << sum.slowest_s << " s\n";
}

}  // namespace ctforge::test
