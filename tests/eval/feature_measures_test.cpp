// The measures of a plan's rounds against those of the same rows taken by themselves.
#include "eval/feature_measures.h"

#include "eval/frechet.h"
#include "eval/frechet_infinity.h"
#include "eval/vendi.h"
#include "io/file/random.h"
#include "tests/eval/support.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

const WantedMeasures kAll = wanted_measures({kFeatureMeasures.begin(), kFeatureMeasures.end()});

// Two rounds over 60 real rows and two sets of 40 rows, 18 a side.
ComparisonPlan plan_of(std::int64_t count) {
  ComparisonPlan plan;
  plan.count = count;
  plan.per_class = {count};
  const auto from = [count](std::int64_t first) {
    Indices rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), first);
    return rows;
  };
  plan.rounds = {{from(0), from(30), {from(0), from(5)}}, {from(30), from(1), {from(20), from(7)}}};
  return plan;
}

TEST(FeatureMeasures, AreThoseOfTheDrawnRows) {
  const ComparisonPlan plan = plan_of(18);
  const torch::Tensor real = test::formula_rows(60, 5, 0, 0), set = test::formula_rows(40, 5, 0.4, 0.2),
                      other = test::formula_rows(40, 5, 0.9, 0.7);
  FeatureMeasures measures(plan, real, {set, other}, 3, kAll);
  for (std::size_t round = 0; round < 2; ++round) {
    const torch::Tensor reference = real.index_select(0, torch::tensor(plan.rounds[round].reference));
    const torch::Tensor rows = set.index_select(0, torch::tensor(plan.rounds[round].contenders[0]));
    const std::vector<double> values = measures(round, 0);
    const NeighbourhoodScores scores = neighbourhood_scores(reference, rows);
    const std::vector<double> expected = {frechet_distance(rows, reference),
                                          frechet_infinity(rows, reference, io::mix_seed(3, round)),
                                          kernel_distance(rows, reference),
                                          scores.precision,
                                          scores.recall,
                                          scores.density,
                                          scores.coverage,
                                          gaussian_mmd(unit_length(rows), unit_length(reference)),
                                          vendi_score(rows)};
    ASSERT_EQ(values.size(), kFeatureMeasures.size());
    for (std::size_t m = 0; m < values.size(); ++m)
      EXPECT_NEAR(values[m], expected[m], 1e-9 * (1 + std::abs(expected[m]))) << kFeatureMeasures[m];
  }
}

TEST(FeatureMeasures, OfWholeSetsTakeAllRowsAndOnlyWhatIsWanted) {
  const torch::Tensor real = test::formula_rows(60, 5, 0, 0), set = test::formula_rows(40, 5, 0.4, 0.2);
  const std::vector<double> values = whole_set_measures(real, set, 3, wanted_measures({"frechet", "kid", "coverage"}));
  EXPECT_DOUBLE_EQ(values[0], frechet_distance(set, real));
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_DOUBLE_EQ(values[2], kernel_distance(set, real));
  EXPECT_DOUBLE_EQ(values[6], neighbourhood_scores(real, set).coverage);
  EXPECT_TRUE(std::isnan(values[8]));
  EXPECT_THROW(wanted_measures({"fid"}), std::invalid_argument);
}

TEST(FeatureMeasures, LeaveOutWhatTheRowsDoNotAllow) {
  const torch::Tensor real = test::formula_rows(60, 5, 0, 0), set = test::formula_rows(40, 5, 0.4, 0.2);
  const ComparisonPlan few = plan_of(kDensityNeighbour);
  FeatureMeasures measures(few, real, {set, set}, 3, kAll);
  const auto compared =
      compare_all(few, [&](std::size_t round, std::int64_t contender) { return measures(round, contender); });
  EXPECT_TRUE(std::isfinite(compared[0].floor.value));
  EXPECT_TRUE(std::isnan(compared[1].contenders[0].value));
  EXPECT_TRUE(std::isnan(compared[5].floor.low));
  const ComparisonPlan enough = plan_of(18);
  FeatureMeasures more(enough, real, {set, set}, 3, kAll);
  EXPECT_TRUE(std::isnan(more(0, 1)[1]));  // the extrapolation is the first contender's and the floor's
  EXPECT_FALSE(std::isnan(more(0, kReal)[1]));
  EXPECT_THROW(FeatureMeasures(enough, real, {set}, 3, kAll), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
