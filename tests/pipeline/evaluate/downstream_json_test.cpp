// The published form, from figures that are known.
#include "pipeline/evaluate/downstream_json.h"

#include "eval/dice.h"
#include "pipeline/evaluate/downstream_table.h"
#include "tests/pipeline/evaluate/downstream_support.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

TEST(DownstreamJson, NamesArmsMeasuresAndOrgans) {
  const test::KnownExperiment known;
  const ordered_json json = downstream_result_json(known.result, known.inputs, known.config);
  EXPECT_EQ(json.at("arms").size(), 2u);
  const ordered_json& with = json.at("arms").at("real_synthetic");
  for (const char* measure : {"dice", "hausdorff95_mm", "surface_dice"}) {
    EXPECT_EQ(with.at(measure).size(), 2u) << measure;  // mean and cord; nobody was scored on the lung
    EXPECT_TRUE(with.at(measure).contains("cord"));
  }
  EXPECT_NEAR(with.at("dice").at("cord").at("mean").get<double>(), 0.8, 1e-12);
  EXPECT_EQ(with.at("dice").at("cord").at("n"), 2);
  EXPECT_EQ(with.at("hausdorff95_mm").at("cord").at("missed"), 1);
  EXPECT_EQ(with.at("hausdorff95_mm").at("cord").at("n"), 1);
  EXPECT_TRUE(with.at("hausdorff95_mm").at("cord").at("per_patient").at(1).is_number() == false ||
              std::isnan(with["hausdorff95_mm"]["cord"]["per_patient"][1].get<double>()));
  EXPECT_FALSE(with.at("dice").at("cord").contains("missed"));
  EXPECT_EQ(with.at("candidate"),
            (ordered_json{{"learning_rate", 0.005}, {"synthetic_share", 0.5}, {"synthetic_until", 1.0}}));
  EXPECT_FALSE(json.at("arms").at("real").at("candidate").contains("synthetic_share"));
  EXPECT_EQ(with.at("cells").at(0).at("converged"), true);
  EXPECT_EQ(with.at("cells").at(0).at("false_positive_mm3").at("lung"), 3.0);
}

TEST(DownstreamJson, TheDifferenceStandsWhereItStood) {
  const test::KnownExperiment known;
  const ordered_json json = downstream_result_json(known.result, known.inputs, known.config);
  const ordered_json& cord = json.at("difference").at("cord");
  EXPECT_NEAR(cord.at("mean").get<double>(), 0.1, 1e-12);
  EXPECT_TRUE(cord.at("valid"));
  EXPECT_EQ(json.at("difference").dump(), json.at("differences").at("real_synthetic").at("dice").dump());
  EXPECT_DOUBLE_EQ(cord.at("wilcoxon_p_holm").get<double>(), 0.9);
  EXPECT_TRUE(json.at("differences").at("real_synthetic").at("surface_dice").at("cord").contains("wilcoxon_p_holm"));
  ASSERT_EQ(json.at("fractions").size(), 2u);
  EXPECT_EQ(json.at("fractions")[1].at("arms").dump(), json.at("arms").dump());
  EXPECT_EQ(json.at("fractions")[0].at("train_patients"), 4);
  EXPECT_EQ(json.at("saving")[0].at("bound"), "lower");
  EXPECT_TRUE(json.at("saving")[1].at("bound").is_null());
  EXPECT_EQ(json.at("protocol").at("seeds"), 1);
  EXPECT_EQ(json.at("patients").size(), 2u);
}

TEST(DownstreamJson, WithoutTheArmThereIsNoDifference) {
  const test::KnownExperiment known;
  DownstreamResult alone = known.result;
  for (FractionResult& fraction : alone.fractions) {
    fraction.arms.resize(1);
    fraction.experiment.differences.clear();
  }
  const ordered_json json = downstream_result_json(alone, known.inputs, known.config);
  EXPECT_EQ(json.at("difference"), ordered_json::object());
  EXPECT_TRUE(json.at("differences").empty());
}

}  // namespace
}  // namespace ctforge::pipeline
