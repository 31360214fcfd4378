// The legacy weight format on a small file that torch.save wrote, and on damaged copies of it.
#include "models/nets/legacy_checkpoint.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <string>

#include <gtest/gtest.h>

namespace ctforge::nets {
namespace {

// torch.save({"a": arange(6.).reshape(2,3).t(), "b": a.view(-1)[2:4], "n": tensor(7)}, legacy): see the script.
std::filesystem::path example() { return test::source_dir() / "tests" / "oracle" / "nets_legacy.pth"; }

TEST(LegacyCheckpoint, ReadsWhatTorchSaved) {
  const auto tensors = load_legacy_checkpoint(example());
  ASSERT_EQ(tensors.size(), 3U);
  EXPECT_TRUE(tensors.at("a").equal(torch::arange(6, torch::kFloat32).reshape({2, 3}).t()));
  EXPECT_TRUE(tensors.at("b").equal(torch::tensor({2.0F, 3.0F})));  // shares the storage of a, at an offset
  EXPECT_EQ(tensors.at("n").scalar_type(), torch::kInt64);
  EXPECT_EQ(tensors.at("n").item<std::int64_t>(), 7);
  EXPECT_TRUE(tensors.at("a").is_contiguous());
}

TEST(LegacyCheckpoint, RefusesEveryTruncation) {
  const std::string whole = test::read_file(example());
  const test::TemporaryFolder folder;
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    test::write_file(folder / "cut.pth", whole.substr(0, size));
    EXPECT_THROW(load_legacy_checkpoint(folder / "cut.pth"), io::DataError) << size;
  }
}

TEST(LegacyCheckpoint, SurvivesDamage) {
  // Every byte of the pickles changed in turn: either an error of ours or tensors, never anything else.
  const std::string whole = test::read_file(example());
  const test::TemporaryFolder folder;
  std::size_t refused = 0, opened = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x15);
    test::write_file(folder / "damaged.pth", damaged);
    try {
      load_legacy_checkpoint(folder / "damaged.pth");
      ++opened;  // a weight's own bytes, or what is not looked at
    } catch (const io::DataError&) {
      ++refused;
    }
  }
  EXPECT_EQ(refused + opened, whole.size());
  EXPECT_GT(refused, whole.size() / 10);
}

TEST(LegacyCheckpoint, RefusesOtherFiles) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "zip.pth", "PK\x03\x04 a newer checkpoint");
  EXPECT_THROW(load_legacy_checkpoint(folder / "zip.pth"), io::DataError);
  EXPECT_THROW(load_legacy_checkpoint(folder / "absent.pth"), io::DataError);
}

}  // namespace
}  // namespace ctforge::nets
