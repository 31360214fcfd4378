// Names, convergence, and scores through JSON and back.
#include "pipeline/evaluate/downstream_cells.h"

#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(DownstreamCells, NamesAreDifferentAndPlain) {
  DownstreamConfig config;
  config.arms = kArms;
  config.fractions = {0.1, 0.2, 1};
  config.synthetic_shares = {0.2, 0.25};
  config.synthetic_until = {0.5, 1};
  config.learning_rates = {1e-3, 1e-5};
  std::set<std::string> names;
  for (const DownstreamCell& cell : cells_of(config)) names.insert(cell_name(cell));
  EXPECT_EQ(names.size(), cells_of(config).size());
  EXPECT_TRUE(names.contains("segmenter-real_synthetic-of-0_1-share-0_25-rate-0_001-2"));
  EXPECT_TRUE(names.contains("segmenter-real_synthetic-of-0_1-share-0_25-until-0_5-rate-0_001-2"));
  for (const std::string& name : names) EXPECT_EQ(name.find('.'), std::string::npos);
}

TEST(DownstreamCells, AtRestComparesTheEndWithThreeQuarters) {
  EXPECT_EQ(at_rest({{50, 0.5}, {75, 0.7}, {90, 0.705}, {100, 0.709}}, 100), true);
  EXPECT_EQ(at_rest({{50, 0.5}, {75, 0.69}, {90, 0.705}, {100, 0.71}}, 100), false);
  EXPECT_EQ(at_rest({{75, 0.7}, {100, 0.6}}, 100), true);  // worse, but not learning
  EXPECT_EQ(at_rest({{80, 0.7}, {100, 0.71}}, 100), std::nullopt);
  EXPECT_EQ(at_rest({{50, std::nan("")}, {100, std::nan("")}}, 100), std::nullopt);
  EXPECT_EQ(at_rest({}, 100), std::nullopt);
}

TEST(DownstreamCells, MissedAndUnscoredAreToldApart) {
  const auto test = nlohmann::ordered_json::parse(R"([{"patient": 3, "dice": [null, 0.5, null, 0],
    "hausdorff95_mm": [null, 2.5, null, null], "surface_dice": [null, 0.25, null, 0],
    "missed": [false, false, false, true], "false_positive_mm3": [0, 0, 7, 0]}])");
  const auto scores = scores_from(test);
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_EQ(scores[0].patient, 3);
  EXPECT_DOUBLE_EQ(scores[0].values[1][1], 2.5);
  EXPECT_TRUE(std::isnan(scores[0].values[1][2]));
  EXPECT_TRUE(std::isinf(scores[0].values[1][3]));
  EXPECT_DOUBLE_EQ(scores[0].values[0][3], 0);
  EXPECT_TRUE(std::isnan(scores[0].values[2][2]));
  EXPECT_DOUBLE_EQ(scores[0].false_positive_mm3[2], 7);
}

// A network of three steps, which misses organs: their distances must survive the file.
TEST(DownstreamCells, AnswersLikeTheFileItLeaves) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  EvaluateConfig config = test::quick_evaluation();
  config.downstream.seeds = 1;
  const CellStore cells(folder / "cells");
  const auto inputs = load_downstream(load_inputs(config, folder.path()), config.downstream, cells, folder.path());
  const Context context = test::context_of(folder.path());
  const auto trained = train_cells(inputs, config.downstream, cells, context);
  ASSERT_EQ(trained.size(), 2u);
  EXPECT_EQ(trained[1].at("synthetic_share"), 0.5);
  EXPECT_FALSE(trained[0].contains("synthetic_share"));
  EXPECT_TRUE(trained[0].at("converged").is_boolean());  // points at steps 2 and 3
  EXPECT_EQ(trained[0].at("validation_dice"), trained[0].at("curve").back().at("validation_dice").at("mean"));
  for (const auto& score : scores_from(trained[0].at("test")))
    for (std::size_t label = 1; label < 3; ++label) {
      if (std::isinf(score.values[1][label])) {
        EXPECT_EQ(score.values[2][label] + score.values[0][label], 0);
      }
      EXPECT_EQ(std::isnan(score.values[1][label]), std::isnan(score.values[0][label]));
    }
  EXPECT_EQ(train_cells(inputs, config.downstream, cells, context), trained);
}

TEST(DownstreamCells, ANetworkThatDivergesIsAResult) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  EvaluateConfig config = test::quick_evaluation();
  config.downstream.seeds = 1;
  config.downstream.arms = {"real"};
  config.downstream.learning_rates = {90000};
  config.downstream.steps = 20;
  const CellStore cells(folder / "cells");
  const auto inputs = load_downstream(load_inputs(config, folder.path()), config.downstream, cells, folder.path());
  const auto trained = train_cells(inputs, config.downstream, cells, test::context_of(folder.path()));
  ASSERT_EQ(trained.size(), 1u);
  EXPECT_GE(trained[0].at("diverged").get<int>(), 2);
  EXPECT_FALSE(trained[0].contains("test"));
}

}  // namespace
}  // namespace ctforge::pipeline
