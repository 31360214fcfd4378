// The segmentation experiment's cells and figures.
#include "pipeline/evaluate_downstream.h"

#include "tests/pipeline/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Downstream, ScoresBothArmsInEveryOrganWithPairedDifferences) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const EvaluateConfig config = test::quick_evaluation();
  const EvaluationInputs inputs = load_inputs(config, folder.path());
  const auto json =
      downstream_json(inputs, config.downstream, "key", CellStore(folder / "cells"), test::context_of(folder.path()))
          .at("downstream");
  for (const char* arm : {"real", "real_synthetic"}) {
    const auto& of_arm = json.at("arms").at(arm);
    EXPECT_EQ(of_arm.at("cells").size(), 2u);
    EXPECT_EQ(of_arm.at("cells").at(0).at("curve").size(), 2u);  // after steps 2 and 3
    for (const char* organ : {"mean", "disc", "square"}) {
      EXPECT_EQ(of_arm.at("dice").at(organ).at("per_patient").size(), 4u);
      EXPECT_EQ(of_arm.at("dice").at(organ).at("seeds").size(), 2u);
      EXPECT_EQ(of_arm.at("dice").at(organ).at("n"), 4);
    }
  }
  const auto& difference = json.at("difference").at("disc");
  const double expected = json.at("arms").at("real_synthetic").at("dice").at("disc").at("mean").get<double>() -
                          json.at("arms").at("real").at("dice").at("disc").at("mean").get<double>();
  EXPECT_NEAR(difference.at("mean").get<double>(), expected, 1e-12);
  EXPECT_EQ(json.at("patients").size(), 4u);
}

TEST(Downstream, AFinishedCellIsReadNotTrainedAgain) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const EvaluateConfig config = test::quick_evaluation();
  const EvaluationInputs inputs = load_inputs(config, folder.path());
  const CellStore cells(folder / "cells");
  const Context context = test::context_of(folder.path());
  const auto first = downstream_json(inputs, config.downstream, "key", cells, context);
  Context refusing = context;
  refusing.progress = [](std::int64_t, std::int64_t, const std::string&) { FAIL() << "a network was trained again"; };
  EXPECT_EQ(downstream_json(inputs, config.downstream, "key", cells, refusing), first);
}

}  // namespace
}  // namespace ctforge::pipeline
