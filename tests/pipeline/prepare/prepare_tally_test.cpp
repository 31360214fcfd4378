// Series are counted once: copies within a patient are emptied, a patient under a second name is refused.
#include "pipeline/prepare/prepare_tally.h"

#include "tests/pipeline/prepare/prepare_support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

CutSeries cut(const std::string& scan, std::int64_t patches) {
  CutSeries series;
  series.content = "content of " + scan;
  series.scan_sha256 = scan;
  series.classes = {patches};
  series.dropped_empty = 2;
  return series;
}

TEST(PrepareTally, CountsWhatIsTaken) {
  test::Cohort cohort;
  for (const char* name : {"a", "b", "c"}) cohort.add("1", name);
  cohort.add("2", "d");
  const PreparePlan plan = make_plan(test::small_config(), {}, cohort.inventory, 1);
  PrepareTally tally(plan, cohort.inventory);
  CutSeries broken;
  broken.refusal = io::Finding{io::Fault::MissingSlice, "a gap"};
  const CutPatient first = tally.take({"P-1", io::Split::Train, {0, 1, 2}}, {cut("scan", 3), cut("scan", 3), broken});
  EXPECT_EQ(first[0].patches(), 3);
  EXPECT_EQ(first[1].patches(), 0);
  EXPECT_TRUE(first[2].refusal.has_value());
  const CutPatient second = tally.take({"P-2", io::Split::Test, {3}}, {cut("scan", 3)});
  EXPECT_EQ(second[0].refusal->fault, io::Fault::DuplicateScan);

  EXPECT_EQ(tally.of(io::Split::Train).patches, 3);
  EXPECT_EQ(tally.of(io::Split::Train).patients, 1);
  EXPECT_EQ(tally.of(io::Split::Train).series, 1);
  EXPECT_EQ(tally.of(io::Split::Test).patients, 0);
  EXPECT_EQ(tally.refused(), 2);
  EXPECT_EQ(tally.scans()[0].size(), 1u);
  EXPECT_EQ(tally.fates()[1].content, "content of scan");
  EXPECT_EQ(tally.fates()[1].dropped_empty, 0);
  EXPECT_FALSE(tally.fates()[3].taken);
  EXPECT_EQ(cohort.inventory.series[1].notes.size(), 1u);
}

}  // namespace
}  // namespace ctforge::pipeline
