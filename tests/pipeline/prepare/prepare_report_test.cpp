// The tables name faults and pseudonyms, and nothing that could name a patient.
#include "pipeline/prepare/prepare_report.h"

#include "tests/pipeline/prepare/prepare_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

io::Inventory inventory() {
  test::Cohort cohort;
  cohort.add("2", "Jane_Doe").files = {"/archive/Jane_Doe/1.dcm"};
  cohort.series(0).id = "S-2";
  cohort.add("1", "b");
  cohort.series(1).refusals = {{io::Fault::MissingSlice, "a gap"}, {io::Fault::MixedSize, "two sizes"}};
  cohort.inventory.skipped = {{"not a CT image", 7}};
  return cohort.inventory;
}

TEST(PrepareReport, InventoryIsSortedByPseudonymAndHoldsNoNames) {
  const auto json = inventory_json(inventory(), {});
  ASSERT_EQ(json["series"].size(), 2u);
  EXPECT_EQ(json["series"][0]["series"], "S-2");
  EXPECT_EQ(json["series"][1]["refusals"][0]["code"], "missing-slice");
  EXPECT_EQ(json["skipped"]["not a CT image"], 7);
  EXPECT_FALSE(json["series"][0].contains("split"));
  EXPECT_EQ(json.dump().find("Jane"), std::string::npos);
  const auto fates = inventory_json(inventory(), {{true, io::Split::Test, 4, 2, 0, 0}, {}});
  EXPECT_EQ(fates["series"][0]["split"], "test");
  EXPECT_EQ(fates["series"][0]["dropped_empty"], 2);
}

TEST(PrepareReport, TheTableCountsFaults) {
  const auto lines = refusal_table(inventory());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "1 series taken, 1 refused");
  EXPECT_EQ(lines[1], "  S-b  missing-slice  a gap");
  EXPECT_EQ(lines[3], "  missing-slice  1");
  io::Inventory clean = inventory();
  clean.series.pop_back();
  EXPECT_EQ(refusal_table(clean).size(), 1u);
}

TEST(PrepareReport, ALongTableIsCutAndSaysSo) {
  io::Inventory long_one;
  for (int i = 0; i < 250; ++i) long_one.series.push_back(inventory().series[1]);
  const auto lines = refusal_table(long_one);
  EXPECT_EQ(lines[lines.size() - 2], "  and 50 more, see inventory.json");
}

TEST(PrepareReport, CountsAndListsShards) {
  test::TemporaryFolder folder;
  test::write_file(folder / "train-00000.safetensors", "abc");
  test::Cohort cohort;
  cohort.add("1", "x");
  PrepareConfig config = test::small_config();
  const PreparePlan plan = make_plan(config, config.input, cohort.inventory, 1);
  const std::vector<SplitCount> counts(3, SplitCount{1, 1, 4, {4}});
  const auto json = prepare_json(plan, cohort.inventory, inventory_json(cohort.inventory, {}), {}, counts,
                                 {folder / "train-00000.safetensors"});
  EXPECT_EQ(json["splits"]["train"]["classes"]["ct"], 4);
  EXPECT_EQ(json["shards"][0]["bytes"], 3);
}

}  // namespace
}  // namespace ctforge::pipeline
