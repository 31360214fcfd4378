// The evaluate stage on a run of shapes: what it writes, that it resumes, and that it stops at a leak.
#include "pipeline/evaluate/evaluate.h"

#include "io/file/fault.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

ordered_json written(const std::filesystem::path& out, const std::string& name) {
  return ordered_json::parse(test::read_file(out / "evaluation" / name));
}

TEST(RunEvaluate, WritesItsThreeFilesInTheirForm) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const ordered_json summary = run_evaluate(test::quick_evaluation(), test::context_of(folder.path()));
  for (const char* name : {"distances.json", "nearest.json", "downstream.json"}) {
    EXPECT_EQ(written(folder.path(), name).at("schema"), 1);
  }
  const ordered_json distances = written(folder.path(), "distances.json").at("distances");
  EXPECT_FALSE(distances.contains("fid"));
  EXPECT_FALSE(distances.contains("fd_lite0"));
  EXPECT_EQ(summary.at("distances").at("fd_torchscript"), distances.at("fd_torchscript").at("frechet"));
  EXPECT_TRUE(summary.contains("difference"));
}

TEST(RunEvaluate, InterruptedAndRunAgainEndsAsIfItHadNeverStopped) {
  const test::TemporaryFolder whole, broken;
  test::write_run(whole.path());
  test::write_run(broken.path());
  const EvaluateConfig config = test::quick_evaluation();
  run_evaluate(config, test::context_of(whole.path()));
  Context stopping = test::context_of(broken.path());
  int calls = 0;
  stopping.interrupted = [&calls] { return ++calls > 12; };
  EXPECT_THROW(run_evaluate(config, stopping), Interrupted);
  EXPECT_FALSE(std::filesystem::exists(broken / "evaluation" / "downstream.json"));
  run_evaluate(config, test::context_of(broken.path()));
  EXPECT_EQ(written(broken.path(), "distances.json"), written(whole.path(), "distances.json"));
  EXPECT_EQ(written(broken.path(), "nearest.json"), written(whole.path(), "nearest.json"));
  EXPECT_EQ(written(broken.path(), "downstream.json").at("downstream").at("difference"),
            written(whole.path(), "downstream.json").at("downstream").at("difference"));
}

TEST(RunEvaluate, KeepsFinishedNetworksAndRetrainsForOtherSettings) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  EvaluateConfig config = test::quick_evaluation();
  run_evaluate(config, test::context_of(folder.path()));
  const std::filesystem::path cell = folder / "evaluation" / "cells" / "segmenter-real-of-1-rate-0_005-0.json";
  const std::string before = test::read_file(cell);
  config.downstream.bootstrap = 300;
  run_evaluate(config, test::context_of(folder.path()));
  EXPECT_EQ(test::read_file(cell), before);  // it holds its own duration: trained anew it would differ
  config.downstream.steps = 4;
  run_evaluate(config, test::context_of(folder.path()));
  EXPECT_NE(test::read_file(cell), before);
}

TEST(RunEvaluate, WithoutTheExperimentLeavesNoResultOfIt) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  EvaluateConfig config = test::quick_evaluation();
  config.downstream.enabled = false;
  run_evaluate(config, test::context_of(folder.path()));
  EXPECT_FALSE(std::filesystem::exists(folder / "evaluation" / "downstream.json"));
}

TEST(RunEvaluate, WithoutLabelMapsMeasuresAllButTheExperiment) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path(), {"background"});
  run_evaluate(test::quick_evaluation(), test::context_of(folder.path()));
  EXPECT_TRUE(std::filesystem::exists(folder / "evaluation" / "distances.json"));
  EXPECT_FALSE(std::filesystem::exists(folder / "evaluation" / "downstream.json"));
}

TEST(RunEvaluate, StopsWhenAPatientIsOnBothSides) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  test::write_shards(folder / "data", "test", "P-train", 16, 3, false);
  EXPECT_THROW(run_evaluate(test::quick_evaluation(), test::context_of(folder.path())), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
