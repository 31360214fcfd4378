// No manifest entry, no result; a damaged output is no result either.
#include "pipeline/run/manifest.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Manifest, StageIsDoneOnlyWithItsFingerprintAndOutputs) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a.bin", "abc");
  {
    Manifest manifest(folder.path());
    EXPECT_FALSE(manifest.done("train", "f1"));
    manifest.finish("train", {.fingerprint = "f1", .seconds = 2, .outputs = {"a.bin"}});
  }
  const Manifest again(folder.path());
  EXPECT_TRUE(again.done("train", "f1"));
  EXPECT_FALSE(again.done("train", "f2"));
  EXPECT_TRUE(again.begun_differently("train", "f2"));
  EXPECT_EQ(again.json()["stages"]["train"]["outputs"]["a.bin"]["sha256"],
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  test::write_file(folder / "a.bin", "ab");
  EXPECT_FALSE(again.done("train", "f1"));
}

TEST(Manifest, InterruptedTimeAddsUp) {
  test::TemporaryFolder folder;
  Manifest manifest(folder.path());
  manifest.interrupt("train", "f1", 2);
  manifest.interrupt("train", "f1", 3);
  EXPECT_DOUBLE_EQ(manifest.seconds_before("train", "f1"), 5);
  EXPECT_DOUBLE_EQ(manifest.seconds_before("train", "f2"), 0);
  EXPECT_FALSE(manifest.done("train", "f1"));
  EXPECT_FALSE(manifest.forget("sample"));
  EXPECT_TRUE(manifest.forget("train"));
  EXPECT_FALSE(manifest.json()["stages"].contains("train"));
}

TEST(Manifest, NamesWhoMadeAStageOverAllAttempts) {
  test::TemporaryFolder folder;
  const auto maker = [](int threads) {
    return nlohmann::ordered_json{
        {"ctforge", "1"}, {"device", "cpu"}, {"machine", "m"}, {"threads", threads}, {"deterministic", false}};
  };
  for (const int threads : {2, 4, 4}) {
    Manifest manifest(folder.path());
    manifest.describe_run({}, 1, maker(threads));
    manifest.begin("train", "f1");
    manifest.interrupt("train", "f1", 2);
  }
  Manifest last(folder.path());
  EXPECT_EQ(last.makers("train", "f1"), nlohmann::ordered_json::array({maker(2), maker(4)}));
  EXPECT_TRUE(last.makers("train", "f2").empty());
  EXPECT_DOUBLE_EQ(last.seconds_before("train", "f1"), 6);
  last.describe_run({}, 1, maker(2));
  last.begin("train", "f1");
  EXPECT_EQ(last.json()["stages"]["train"]["state"], "started");
  EXPECT_FALSE(last.done("train", "f1"));
  last.finish("train", {.fingerprint = "f1"});
  EXPECT_EQ(last.json()["stages"]["train"]["made_by"].size(), 2u);
  last.begin("train", "f1");  // anew: nothing of before is gone on with
  EXPECT_EQ(last.json()["stages"]["train"]["made_by"].size(), 1u);
}

TEST(Manifest, DamagedFileIsNamed) {
  test::TemporaryFolder folder;
  test::write_file(folder / "manifest.json", "{\"schema\": 1,");
  EXPECT_THROW(Manifest{folder.path()}, io::DataError);
}

TEST(Manifest, FilesBelowLeavesTemporaryFilesOut) {
  test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "d/e");
  test::write_file(folder / "d/e/b", "1");
  test::write_file(folder / "d/a", "1");
  test::write_file(folder / "d/.ctforge-part-1-x", "1");
  EXPECT_EQ(files_below(folder.path(), "d"), (std::vector<std::string>{"d/a", "d/e/b"}));
  EXPECT_TRUE(files_below(folder.path(), "absent").empty());
}

}  // namespace
}  // namespace ctforge::pipeline
