// Stopped after any patient, the work is gone on with to the same bytes, and what is done is not read again.
#include "pipeline/prepare/prepare_patients.h"

#include "io/file/fault.h"
#include "tests/pipeline/prepare/prepare_support.h"
#include "tests/support/support.h"

#include <atomic>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

class PreparePatients : public ::testing::Test {
 protected:
  PreparePatients() {
    for (int i = 0; i < 12; ++i) {
      const std::string name = std::to_string(i);
      cohort_.add(std::to_string(100 + i), "s" + name, static_cast<std::uint8_t>(1 + i % 3));
    }
    cohort_.add("100", "copy");
    cohort_.volume(cohort_.series(12)) = cohort_.volume(cohort_.series(0));
    cohort_.add("105", "broken");
    cohort_.refuse_when_decoding("broken");
    cohort_.add("107", "shared");  // with patient 103: one person under two names
    cohort_.volume(cohort_.series(14)) = cohort_.volume(cohort_.series(3));
    config_.split.test_patients = 3;
    config_.split.validation_patients = 2;
    config_.volumes_in_memory = 1;
    config_.patch.width = config_.patch.height = 256;  // five patches a shard of 1 MB
    config_.patch.min_body_fraction = 0;
    config_.shard_mb = 1;
    reader_ = cohort_.reader();
    reader_.volume = [this, read = reader_.volume](const io::Series& series) {
      ++read_;
      return read(series);
    };
  }

  // Stops when so many series have been read; whether it came to its end before.
  bool run(const fs::path& out, int most) {
    read_ = 0;
    Context context = test::context_in(out);
    context.interrupted = [this, most] { return read_ >= most; };
    test::write_file(out / "patient.key", std::string(32, 'k'));
    try {
      run_prepare(config_, context, reader_);
      return true;
    } catch (const Interrupted&) {
      return false;
    }
  }

  static std::map<std::string, std::string> files(const fs::path& out) {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(out / "data"))
      if (entry.is_regular_file()) found[entry.path().lexically_relative(out)] = test::read_file(entry.path());
    return found;
  }

  test::Cohort cohort_;
  PrepareConfig config_ = test::small_config();
  SeriesReader reader_;
  std::atomic<int> read_ = 0;
  test::TemporaryFolder folder_;
};

TEST_F(PreparePatients, GoOnToTheSameBytesAfterAnyInterruption) {
  fs::create_directories(folder_ / "whole");
  ASSERT_TRUE(run(folder_ / "whole", 1000));
  const auto whole = files(folder_ / "whole");
  EXPECT_GT(whole.size(), 10u);  // several shards of a split among them
  for (int most = 2; most < 15; ++most) {
    const fs::path out = folder_ / std::to_string(most);
    fs::create_directories(out);
    ASSERT_FALSE(run(out, most));
    EXPECT_FALSE(fs::exists(out / "data/prepare.json"));
    ASSERT_TRUE(run(out, 1000));
    // The series under way is read again, and those of its patient before it.
    EXPECT_LE(read_, 15 - most + 2) << most;
    EXPECT_EQ(files(out), whole) << most;
  }
}

TEST_F(PreparePatients, GoOnAfterManyInterruptions) {
  fs::create_directories(folder_ / "whole");
  fs::create_directories(folder_ / "often");
  ASSERT_TRUE(run(folder_ / "whole", 1000));
  int attempts = 1;
  for (; !run(folder_ / "often", 4); ++attempts) ASSERT_LT(attempts, 20);
  EXPECT_GT(attempts, 3);
  EXPECT_EQ(files(folder_ / "often"), files(folder_ / "whole"));
}

TEST_F(PreparePatients, BeginAnewForOtherSettingsOrDamagedShards) {
  const fs::path out = folder_ / "out";
  fs::create_directories(out);
  ASSERT_FALSE(run(out, 9));
  config_.patch.empty_hu = -499;
  ASSERT_TRUE(run(out, 1000));
  EXPECT_EQ(read_, 15);

  ASSERT_FALSE(run(out, 9));
  test::write_file(out / "data/train-00000.safetensors", "half");
  ASSERT_TRUE(run(out, 1000));
  EXPECT_EQ(read_, 15);
  EXPECT_FALSE(fs::exists(out / "data/progress"));
}

TEST_F(PreparePatients, RemovePreparedLeavesTheInventory) {
  const fs::path out = folder_ / "out";
  fs::create_directories(out);
  ASSERT_TRUE(run(out, 1000));
  remove_prepared(out / "data");
  EXPECT_EQ(files(out).size(), 1u);
  EXPECT_TRUE(fs::exists(out / "data/inventory.json"));
}

}  // namespace
}  // namespace ctforge::pipeline
