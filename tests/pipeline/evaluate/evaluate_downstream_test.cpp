// The segmentation experiment's cells and figures.
#include "pipeline/evaluate/evaluate_downstream.h"

#include "io/file/fault.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Downstream, ScoresBothArmsInEveryOrganWithPairedDifferences) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const EvaluateConfig config = test::quick_evaluation();
  const EvaluationInputs inputs = load_inputs(config, folder.path());
  const DownstreamReport report =
      run_downstream(inputs, config.downstream, CellStore(folder / "cells"), test::context_of(folder.path()));
  const auto& json = report.json.at("downstream");
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
  EXPECT_TRUE(report.csv.starts_with("fraction,patients,arm,"));
  EXPECT_NE(report.csv.find("\n1,8,real_synthetic,surface_dice,square,"), std::string::npos) << report.csv;
}

TEST(Downstream, FractionsAndAllArmsAndTheChoice) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  test::write_half(folder.path());
  EvaluateConfig config = test::quick_evaluation();
  config.downstream.seeds = 1;
  config.downstream.arms = {"synthetic", "real", "heavy_augmentation", "oversampled", "real_synthetic"};
  config.downstream.fractions = {0.5, 1};
  config.downstream.learning_rates = {1e-3, 1e-2};
  const EvaluationInputs inputs = load_inputs(config, folder.path());
  const CellStore cells(folder / "cells");
  const auto json =
      run_downstream(inputs, config.downstream, cells, test::context_of(folder.path())).json.at("downstream");
  ASSERT_EQ(json.at("fractions").size(), 2u);
  EXPECT_EQ(json.at("fractions")[0].at("train_patients"), 4);
  EXPECT_EQ(json.at("fractions")[1].at("train_patients"), 8);
  EXPECT_EQ(json.at("fractions")[1].at("arms"), json.at("arms"));
  EXPECT_EQ(json.at("arms").begin().key(), "real");
  EXPECT_EQ(json.at("differences").size(), 4u);
  EXPECT_EQ(json.at("difference"), json.at("differences").at("real_synthetic").at("dice"));
  EXPECT_EQ(json.at("saving").size(), 2u);
  for (const auto& [arm, entry] : json.at("fractions")[0].at("arms").items()) {
    ASSERT_EQ(entry.at("candidates").size(), 2u) << arm;
    const std::size_t best = entry["candidates"][1]["validation_dice"] > entry["candidates"][0]["validation_dice"];
    EXPECT_TRUE(entry["candidates"][best]["chosen"]) << arm;
    EXPECT_FALSE(entry["candidates"][1 - best]["chosen"]) << arm;
    EXPECT_EQ(entry.at("candidate").at("learning_rate"), entry["candidates"][best]["learning_rate"]);
    EXPECT_NEAR(entry.at("dice").at("mean").at("mean").get<double>(),
                entry["candidates"][best]["test_dice"].get<double>(), 1e-12);
    EXPECT_EQ(entry.at("cells").size(), 1u);
  }
}

TEST(Downstream, OtherSamplesCostNoNetworkThatDoesNotSeeThem) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  EvaluateConfig config = test::quick_evaluation();
  const CellStore cells(folder / "cells");
  run_downstream(load_inputs(config, folder.path()), config.downstream, cells, test::context_of(folder.path()));
  const std::string real = "segmenter-real-of-1-rate-0_005-0.json",
                    with = "segmenter-real_synthetic-of-1-share-0_5-rate-0_005-0.json";
  const std::string before = test::read_file(folder / "cells" / real), other = test::read_file(folder / "cells" / with);
  test::write_shards(folder / "samples", "synthetic", "SYN", 24, 9, true);
  config.downstream.seeds = 3;
  run_downstream(load_inputs(config, folder.path()), config.downstream, cells, test::context_of(folder.path()));
  EXPECT_EQ(test::read_file(folder / "cells" / real), before);
  EXPECT_NE(test::read_file(folder / "cells" / with), other);
}

TEST(Downstream, PartsTrainEveryNetworkBetweenThem) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  test::write_half(folder.path());
  EvaluateConfig config = test::quick_evaluation();
  config.downstream.fractions = {0.5, 1};
  const EvaluationInputs inputs = load_inputs(config, folder.path());
  const CellStore cells(folder / "cells");
  for (std::int64_t part = 0; part < 3; ++part) {
    Context context = test::context_of(folder.path());
    context.part = Part{part, 3};
    EXPECT_TRUE(run_downstream(inputs, config.downstream, cells, context).json.empty());
  }
  Context refusing = test::context_of(folder.path());
  refusing.progress = [](std::int64_t, std::int64_t, const std::string&) { FAIL() << "a network was left undone"; };
  EXPECT_EQ(run_downstream(inputs, config.downstream, cells, refusing).json.at("downstream").at("fractions").size(),
            2u);
}

TEST(Downstream, NothingIsChosenWithoutValidationPatients) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  std::filesystem::remove(folder / "data" / "validation-00000.safetensors");
  EvaluateConfig config = test::quick_evaluation();
  config.downstream.synthetic_shares = {0.2, 0.5};
  const EvaluationInputs inputs = load_inputs(config, folder.path());
  EXPECT_THROW(run_downstream(inputs, config.downstream, CellStore(folder / "cells"), test::context_of(folder.path())),
               io::DataError);
}

TEST(Downstream, AFinishedCellIsReadNotTrainedAgain) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const EvaluateConfig config = test::quick_evaluation();
  const EvaluationInputs inputs = load_inputs(config, folder.path());
  const CellStore cells(folder / "cells");
  const Context context = test::context_of(folder.path());
  const auto first = run_downstream(inputs, config.downstream, cells, context).json;
  Context refusing = context;
  refusing.progress = [](std::int64_t, std::int64_t, const std::string&) { FAIL() << "a network was trained again"; };
  // As texts: what is no number is not equal to itself.
  EXPECT_EQ(run_downstream(inputs, config.downstream, cells, refusing).json.dump(), first.dump());
}

}  // namespace
}  // namespace ctforge::pipeline
