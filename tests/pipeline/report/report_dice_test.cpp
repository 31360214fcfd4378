// Tables, figure and notes of the experiment.
#include "pipeline/evaluate/downstream_json.h"
#include "pipeline/report/report_sections.h"
#include "tests/pipeline/evaluate/downstream_support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

bool shows(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

ReportInputs known_inputs(std::size_t fractions = 2) {
  test::KnownExperiment known;
  known.result.fractions.erase(known.result.fractions.begin(),
                               known.result.fractions.end() - static_cast<std::ptrdiff_t>(fractions));
  if (fractions == 1) known.result.savings.clear();
  // As the file has it: what is no number is null.
  ReportInputs inputs;
  inputs.downstream["downstream"] =
      nlohmann::ordered_json::parse(downstream_result_json(known.result, known.inputs, known.config).dump());
  return inputs;
}

TEST(ReportDice, OneFractionHasATableOfOrgans) {
  ReportInputs inputs = known_inputs(1);
  inputs.downstream["downstream"]["difference"]["cord"]["valid"] = false;
  inputs.downstream["downstream"]["differences"]["real_synthetic"]["dice"]["cord"]["valid"] = false;
  const std::string body = dice_section(inputs).body;
  EXPECT_TRUE(shows(body, "0.700 [0.700, 0.700]")) << body;
  EXPECT_TRUE(shows(body, "+0.100 [+0.100, +0.100] (void: an organ collapsed)"));
  EXPECT_TRUE(shows(body, "2 / 2 (missed: 0 / 1)"));
  EXPECT_TRUE(shows(body, "difference in Dice, the arm minus real"));
  EXPECT_FALSE(shows(body, "training patients"));
  EXPECT_FALSE(shows(body, "Chosen on"));
  EXPECT_FALSE(shows(body, "lung"));
}

TEST(ReportDice, SeveralFractionsHaveAFigureAndTheSaving) {
  const std::string body = dice_section(known_inputs()).body;
  EXPECT_TRUE(shows(body, "4 (50 %)")) << body;
  EXPECT_TRUE(shows(body, "at least 50 % [50 %, 50 %]"));
  EXPECT_TRUE(shows(body, "0 % [-50 %, 25 %]"));
  EXPECT_TRUE(shows(body, "training patients</text>"));
  EXPECT_TRUE(shows(body, "<circle"));
  EXPECT_TRUE(shows(body, "<summary>50 % of the training patients, by organ</summary>"));
  EXPECT_FALSE(shows(body, "difference in Dice, the arm minus real"));  // one figure
}

TEST(ReportDice, NetworksThatStillLearnedAndChoicesAreTold) {
  ReportInputs inputs = known_inputs();
  EXPECT_FALSE(shows(dice_section(inputs).body, "Not converged"));
  auto& downstream = inputs.downstream["downstream"];
  downstream["fractions"][0]["arms"]["real"]["cells"][0]["converged"] = false;
  downstream["arms"]["real"]["candidates"].push_back(downstream["arms"]["real"]["candidates"][0]);
  const std::string body = dice_section(inputs).body;
  EXPECT_TRUE(shows(body, "1 of 4 networks")) << body;
  EXPECT_TRUE(shows(body, "Chosen on validation patients: real learning rate 0.005."));
}

TEST(ReportDice, ASavingCanBeVoidAndConvergenceUnknown) {
  ReportInputs inputs = known_inputs();
  auto& downstream = inputs.downstream["downstream"];
  downstream["saving"][0]["valid"] = false;
  downstream["fractions"][0]["arms"]["real"]["cells"][0]["converged"] = nullptr;
  const std::string body = dice_section(inputs).body;
  EXPECT_TRUE(shows(body, "[50 %, 50 %] (void: an organ collapsed)")) << body;
  EXPECT_TRUE(shows(body, "Whether they converged is not known"));
}

TEST(ReportDice, AReportOfAnEarlierProgram) {
  ReportInputs inputs;
  inputs.downstream = nlohmann::ordered_json::parse(R"({"downstream":{
    "arms":{"real":{"dice":{"cord":{"mean":0.7,"interval":[0.6,0.8],"n":5}},"cells":[]},
            "real_synthetic":{"dice":{"cord":{"mean":0.75,"interval":[0.7,0.8],"n":5}},"cells":[]}},
    "difference":{"cord":{"mean":0.05,"interval":[-0.01,0.1],"n":5,"wilcoxon_p":0.06,"valid":false}}}})");
  EXPECT_TRUE(shows(dice_section(inputs).body, "+0.050 [-0.010, +0.100] (void: an organ collapsed)"));
}

}  // namespace
}  // namespace ctforge::pipeline
