// Plain and compressed files, whole and damaged.
#include "io/volume/gzip_reader.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

namespace ctforge::io {
namespace {

void write_gzip(const std::filesystem::path& path, const std::string& text) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
}

std::string read(const std::filesystem::path& path, std::size_t bytes) {
  GzipReader reader(path);
  std::string text(bytes, '\0');
  text.resize(reader.read(std::as_writable_bytes(std::span(text))));
  return text;
}

TEST(GzipReader, ReadsPlainAndCompressed) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "plain", "abcdef");
  write_gzip(folder / "small", "abcdef");
  EXPECT_EQ(read(folder / "plain", 4), "abcd");
  EXPECT_EQ(read(folder / "small", 100), "abcdef");
}

TEST(GzipReader, RefusesDamage) {
  const test::TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * i);
  write_gzip(folder / "z", text);
  std::string bytes = test::read_file(folder / "z");
  test::write_file(folder / "cut", bytes.substr(0, bytes.size() / 2));
  EXPECT_THROW(read(folder / "cut", text.size()), DataError);
  bytes[bytes.size() - 6] ^= 1;  // the checksum
  test::write_file(folder / "sum", bytes);
  EXPECT_THROW(read(folder / "sum", text.size() + 1), DataError);
  EXPECT_THROW(GzipReader(folder / "absent"), DataError);
}

// 2 GiB of zeros in two megabytes: what is read of it is all that it costs.
TEST(GzipReader, ABombCostsWhatIsReadOfIt) {
  const test::TemporaryFolder folder;
  write_gzip(folder / "piece", std::string(16 << 20, '\0'));
  const std::string piece = test::read_file(folder / "piece");
  ASSERT_LT(piece.size(), 20000U);
  std::string bomb;
  for (int i = 0; i < 128; ++i) bomb += piece;
  test::write_file(folder / "bomb", bomb);
  rusage before = {}, after = {};
  getrusage(RUSAGE_SELF, &before);
  EXPECT_EQ(read(folder / "bomb", 1000), std::string(1000, '\0'));
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 32 << 10);  // kB
}

}  // namespace
}  // namespace ctforge::io
