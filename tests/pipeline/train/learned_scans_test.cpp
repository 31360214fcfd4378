// A held-out scan that was learned elsewhere is found out.
#include "pipeline/train/learned_scans.h"

#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(LearnedScans, MustHoldNoneThatIsHeldOut) {
  const ctforge::test::TemporaryFolder data, other;
  write_scans(data.path(), {{"a", "b"}, {"c"}, {"d"}});
  EXPECT_EQ(training_scans(data.path()), (ScanSet{"a", "b"}));
  write_learned(other.path(), {"a", "e"});
  EXPECT_EQ(learned_without_held_out(other.path(), data.path(), "train.from"), (ScanSet{"a", "e"}));
  for (const char* held_out : {"c", "d"}) {
    write_learned(other.path(), {"a", held_out});
    EXPECT_THROW(learned_without_held_out(other.path(), data.path(), "train.from"), ConfigError) << held_out;
  }
}

TEST(LearnedScans, ThatNothingIsKnownOfAreNotTakenForNone) {
  const ctforge::test::TemporaryFolder data, other;
  EXPECT_EQ(training_scans(data.path()), std::nullopt);
  EXPECT_EQ(learned_without_held_out(other.path(), data.path(), "train.from"), std::nullopt);
  write_scans(data.path(), {{"a"}, {}, {}});
  EXPECT_EQ(learned_without_held_out(other.path(), data.path(), "train.from"), std::nullopt);
  ctforge::test::write_file(other / "learned_scans.json", "{");
  EXPECT_THROW(read_learned(other.path()), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
