// Input that has changed since is found by its contents; a report of other figures is found out.
#include "pipeline/run/verify_chain.h"

#include "pipeline/run/manifest.h"
#include "pipeline/run/run.h"
#include "tests/support/support.h"

#include <string>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> wrong(const fs::path& run, const std::string& stage) {
  const auto manifest = Manifest(run).json();
  StageVerdict verdict;
  verdict.stage = stage;
  verdict.state = "done";
  check_chain(run, manifest, std::nullopt, verdict);
  return verdict.discrepancies;
}

TEST(VerifyChain, InputIsReadAgain) {
  const test::TemporaryFolder folder;
  const Config config = read_config(
      {}, {"phantom.patients=3", "phantom.matrix=32", "phantom.slices=4", "phantom.slice_mm=20", "run.threads=1",
           "run.stages=[phantom, prepare]", "prepare.split.test_patients=1", "prepare.split.validation_patients=0"});
  run_stages(config, {"phantom", "prepare"}, folder.path());
  EXPECT_TRUE(wrong(folder.path(), "prepare").empty());
  const fs::path cohort = folder / "cohort";
  fs::copy_file(cohort / "SYN-0002_seg.nii.gz", cohort / "SYN-0001_seg.nii.gz", fs::copy_options::overwrite_existing);
  EXPECT_EQ(wrong(folder.path(), "prepare"),
            std::vector<std::string>{"1 series of its input have other contents than were read"});
  fs::remove(cohort / "SYN-0003_ct.nii.gz");
  EXPECT_EQ(wrong(folder.path(), "prepare").size(), 2u);
}

TEST(VerifyChain, ReportHasTheFiguresOfItsRun) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "samples");
  test::write_file(folder / "samples/samples.json", R"({"count":4})");
  test::write_file(folder / "manifest.json", R"({"schema":1,"stages":{"report":{"state":"done"}}})");
  test::write_file(folder / "report.json", R"({"samples":{"count":4},"manifest":{}})");
  EXPECT_TRUE(wrong(folder.path(), "report").empty());
  test::write_file(folder / "samples/samples.json", R"({"count":5})");
  EXPECT_EQ(wrong(folder.path(), "report"), std::vector<std::string>{"report.json is of another samples/samples.json"});
}

TEST(VerifyChain, DamagedCheckpointsAndMissingGeneratorsAreNamed) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "checkpoints");
  test::write_file(folder / "checkpoints/generator-000000004.safetensors", "half");
  test::write_file(folder / "manifest.json", R"({"schema":1,"stages":{"train":{"state":"done"}}})");
  const auto lines = wrong(folder.path(), "train");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].find("checkpoints/generator-000000004.safetensors: "), 0u);
  EXPECT_EQ(lines[1].find("no generator: "), 0u);
}

}  // namespace
}  // namespace ctforge::pipeline
