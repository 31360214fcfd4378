// Measures of compared sets: values beside their floor, and sets that are left out.
#include "pipeline/evaluate/evaluate_compared.h"

#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

ComparedSets compared_in(const std::filesystem::path& out) {
  test::write_run(out);
  const EvaluateConfig config = test::quick_evaluation();
  return compared_sets(load_inputs(config, out), {}, config, 3);
}

TEST(ComparedJson, PutsFloorAndReferencesBesideTheValue) {
  const test::TemporaryFolder folder;
  const ComparedSets sets = compared_in(folder.path());
  const auto json = compared_json(sets, "contender", 4, [](const auto&, std::int64_t contender, const auto&) {
    return static_cast<double>(contender);  // -1 for the real set
  });
  EXPECT_EQ(json.at("contender").at("value"), 0);
  EXPECT_EQ(json.at("contender").at("floor"), -1);
  EXPECT_EQ(json.at("contender").at("n"), 24);
  EXPECT_EQ(json.at("references").at("noise").at("value"), 1);
  EXPECT_EQ(json.at("per_class").at("neck").at("contender").at("n"), 12);
  EXPECT_TRUE(
      compared_json(sets, "x", 1000, [](const auto&, auto, const auto&) { return 0.0; }).at("per_class").empty());
}

TEST(WithoutSets, KeepsWhatIsAskedFor) {
  const test::TemporaryFolder folder;
  const ComparedSets sets = compared_in(folder.path());
  const ComparedSets chosen = without_sets(sets, {true, false});
  EXPECT_EQ(chosen.names, (std::vector<std::string>{"synthetic"}));
  EXPECT_EQ(chosen.plan.rounds[1].contenders.size(), 1u);
  EXPECT_EQ(chosen.plan.rounds[1].contenders[0], sets.plan.rounds[1].contenders[0]);
  EXPECT_THROW(without_sets(sets, {false, true}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::pipeline
