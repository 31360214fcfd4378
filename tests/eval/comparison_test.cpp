// Plans of comparisons: classes matched, patients disjoint, and the spread over rounds.
#include "eval/comparison.h"

#include "io/file/fault.h"
#include "tests/eval/support.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

// 8 patients of 10 patches; class 0 and 1 in turn.
PatchSet real_set() {
  std::vector<std::int32_t> patient;
  for (std::int32_t i = 0; i < 80; ++i) patient.push_back(i / 10);
  PatchSet set =
      test::patch_set(torch::zeros({80, 2, 2}, torch::kInt16), torch::zeros({80, 2, 2}, torch::kUInt8), patient, 2, 2);
  for (std::size_t i = 0; i < 80; ++i) set.class_index[i] = static_cast<std::int32_t>(i % 2);
  return set;
}

std::set<std::int32_t> patients_of(const PatchSet& set, const Indices& rows) {
  std::set<std::int32_t> patients;
  for (const std::int64_t row : rows) patients.insert(set.patient[static_cast<std::size_t>(row)]);
  return patients;
}

TEST(PlanComparison, MatchesClassesAndKeepsPatientsApart) {
  const PatchSet real = real_set();
  const std::vector<Contender> contenders = {{"a", std::vector<std::int32_t>(12, 0), 12}, {"noise", {}, 50}};
  std::vector<Contender> both = contenders;
  both[0].class_index.insert(both[0].class_index.end(), 30, 1);
  const ComparisonPlan plan = plan_comparison(real, both, 5, 1);
  EXPECT_EQ(plan.per_class, (std::vector<std::int64_t>{12, 20}));
  EXPECT_EQ(plan.count, 32);
  ASSERT_EQ(plan.rounds.size(), 5u);
  for (const Round& round : plan.rounds) {
    ASSERT_EQ(round.reference.size(), 32u);
    ASSERT_EQ(round.floor.size(), 32u);
    const auto ones = std::count_if(round.floor.begin(), round.floor.end(), [&](std::int64_t row) {
      return real.class_index[static_cast<std::size_t>(row)] == 1;
    });
    EXPECT_EQ(ones, 20);
    const auto a = patients_of(real, round.reference), b = patients_of(real, round.floor);
    EXPECT_TRUE(std::none_of(a.begin(), a.end(), [&](std::int32_t patient) { return b.count(patient) > 0; }));
    EXPECT_EQ(round.contenders[0].size(), 32u);
    EXPECT_EQ(std::set<std::int64_t>(round.contenders[1].begin(), round.contenders[1].end()).size(), 32u);
  }
  EXPECT_NE(plan.rounds[0].reference, plan.rounds[1].reference);
  EXPECT_EQ(plan_comparison(real, both, 5, 1).rounds[3].floor, plan.rounds[3].floor);
}

TEST(PlanComparison, ConfinedToAClassKeepsThatClassOnly) {
  const PatchSet real = real_set();
  const std::vector<Contender> contenders = {{"a", real.class_index, 80}};
  const ComparisonPlan one = confined(plan_comparison(real, contenders, 2, 1), 1);
  EXPECT_EQ(one.count, 20);
  for (const std::int64_t row : one.rounds[1].reference) EXPECT_EQ(real.class_index[static_cast<std::size_t>(row)], 1);
  EXPECT_THROW(confined(one, 0), std::invalid_argument);
}

TEST(PlanComparison, ConfinedToSomeRowsHasAsManyOfEachClassOnEverySide) {
  const PatchSet real = real_set();
  const std::vector<Contender> contenders = {{"a", real.class_index, 80}, {"b", real.class_index, 80}};
  const ComparisonPlan plan = plan_comparison(real, contenders, 4, 1);
  // Two thirds of the real rows, the first 60 of a, and the last 60 of b.
  const auto has = [](std::int64_t contender, std::int64_t row) {
    return contender == kReal ? row % 3 > 0 : contender == 0 ? row < 60 : row >= 20;
  };
  const ComparisonPlan some = confined_to_rows(plan, has);
  EXPECT_GT(some.per_class[0], 0);
  EXPECT_GT(some.per_class[1], 0);
  EXPECT_EQ(some.count, some.per_class[0] + some.per_class[1]);
  for (std::size_t r = 0; r < some.rounds.size(); ++r) {
    const auto check = [&](std::int64_t contender, const Indices& rows, const Indices& whole) {
      ASSERT_EQ(std::ssize(rows), some.count);
      EXPECT_EQ(std::set<std::int64_t>(rows.begin(), rows.end()).size(), rows.size());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_TRUE(has(contender, rows[i]));
        EXPECT_EQ(rows[i] % 2, static_cast<std::int64_t>(i) < some.per_class[0] ? 0 : 1);  // its class, in order
        EXPECT_NE(std::find(whole.begin(), whole.end(), rows[i]), whole.end());
      }
    };
    check(kReal, some.rounds[r].reference, plan.rounds[r].reference);
    check(kReal, some.rounds[r].floor, plan.rounds[r].floor);
    check(0, some.rounds[r].contenders[0], plan.rounds[r].contenders[0]);
    check(1, some.rounds[r].contenders[1], plan.rounds[r].contenders[1]);
  }
  EXPECT_EQ(confined_to_rows(plan, [](std::int64_t, std::int64_t) { return false; }).count, 0);
}

TEST(PlanComparison, RefusesASinglePatientAndClassesThatDoNotMeet) {
  PatchSet single = real_set();
  std::fill(single.patient.begin(), single.patient.end(), 0);
  EXPECT_THROW(plan_comparison(single, {}, 2, 1), io::DataError);
  const PatchSet real = real_set();
  const std::vector<Contender> lonely = {{"a", {0}, 1}};
  EXPECT_THROW(plan_comparison(real, lonely, 2, 1), io::DataError);
  const std::vector<Contender> small = {{"noise", {}, 3}};
  EXPECT_THROW(plan_comparison(real, small, 2, 1), std::invalid_argument);
}

TEST(Compare, AveragesTheMeasureOverTheRounds) {
  const std::vector<Contender> contenders = {{"a", real_set().class_index, 80}};
  const ComparisonPlan plan = plan_comparison(real_set(), contenders, 4, 1);
  double round = 0;
  const Compared compared = compare(plan, [&](const Indices&, std::int64_t contender, const Indices& rows) {
    EXPECT_EQ(std::ssize(rows), plan.count);
    return contender == kReal ? 1.0 : ++round;
  });
  EXPECT_DOUBLE_EQ(compared.floor.value, 1);
  EXPECT_DOUBLE_EQ(compared.contenders[0].value, 2.5);
  EXPECT_DOUBLE_EQ(compared.contenders[0].low, 1.075);  // numpy.percentile([1, 2, 3, 4], 2.5)
  EXPECT_DOUBLE_EQ(compared.contenders[0].high, 3.925);
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile({0, 10}, 0.05), 0.5);
  EXPECT_THROW(quantile({}, 0.5), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
