// Classes from every source, split tables, and contradictions in the configuration.
#include "pipeline/prepare/prepare_plan.h"

#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "tests/pipeline/prepare/prepare_support.h"
#include "tests/support/support.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

std::array<std::int64_t, 256> counts(std::map<std::size_t, std::int64_t> some) {
  std::array<std::int64_t, 256> all = {};
  for (const auto& [value, count] : some) all[value] = count;
  return all;
}

PreparePlan plan_of(const PrepareConfig& config, test::Cohort& cohort) {
  return make_plan(config, config.input, cohort.inventory, 1);
}

TEST(PreparePlan, DominantAndPresentLabels) {
  test::Cohort cohort;
  cohort.add("1", "x");
  PrepareConfig config = test::small_config();
  config.classes.from = "dominant";
  config.classes.min_voxels = 5;
  const ClassPlan dominant = plan_of(config, cohort).classes;
  EXPECT_EQ(dominant.classes(), config.labels);
  EXPECT_EQ(dominant.find(cohort.series(0), 0, counts({{0, 900}, {1, 7}, {3, 8}})), 3);
  EXPECT_EQ(dominant.find(cohort.series(0), 0, counts({{0, 900}, {1, 8}, {3, 8}})), 1);
  EXPECT_EQ(dominant.find(cohort.series(0), 0, counts({{0, 900}, {2, 4}})), 0);
  config.classes.from = "present";
  config.classes.priority = {"c", "a"};
  const ClassPlan present = plan_of(config, cohort).classes;
  EXPECT_EQ(present.classes(), (std::vector<std::string>{"background", "c", "a"}));
  EXPECT_EQ(present.find(cohort.series(0), 0, counts({{1, 70}, {3, 5}})), 1);
  EXPECT_EQ(present.find(cohort.series(0), 0, counts({{1, 70}, {3, 4}})), 2);
  EXPECT_EQ(present.find(cohort.series(0), 0, counts({{2, 70}})), 0);
}

TEST(PreparePlan, RegionsAreMappedAndSorted) {
  test::Cohort cohort;
  cohort.add("1", "x").body_part = "HEADNECK";
  cohort.add("2", "y").body_part = "CHEST";
  cohort.add("3", "z").body_part = "";
  PrepareConfig config = test::small_config();
  config.classes.from = "region";
  config.classes.regions = {"HEADNECK:neck"};
  const ClassPlan classes = plan_of(config, cohort).classes;
  EXPECT_EQ(classes.classes(), (std::vector<std::string>{"chest", "neck", "unknown"}));
  EXPECT_EQ(classes.of_series(cohort.series(0)), 1);
  EXPECT_EQ(classes.find(cohort.series(2), 0, {}), 2);
}

TEST(PreparePlan, TablesRefuseSeriesTheyLackAndCountUnusedRows) {
  test::TemporaryFolder folder;
  test::write_file(folder / "classes.csv", "x,thorax\ny,neck,2,4\nghost,neck\n");
  test::Cohort cohort;
  for (const char* name : {"x", "y", "z"}) cohort.add(name, name);
  PrepareConfig config = test::small_config();
  config.input = folder.path();
  config.classes.from = "table";
  const PreparePlan plan = plan_of(config, cohort);
  EXPECT_EQ(plan.tasks.size(), 2u);
  EXPECT_EQ(cohort.series(2).refusals.at(0).fault, io::Fault::InvalidTable);
  EXPECT_EQ(plan.classes.find(cohort.series(0), 9, {}), 0);
  EXPECT_EQ(plan.classes.find(cohort.series(1), 4, {}), 1);
  EXPECT_FALSE(plan.classes.find(cohort.series(1), 5, {}).has_value());
  EXPECT_FALSE(plan.classes.of_series(cohort.series(1)).has_value());
  EXPECT_EQ(plan.classes.unused_rows(cohort.inventory.series), 1);
}

TEST(PreparePlan, ASplitTableIsFollowedAndMustBeWhole) {
  test::TemporaryFolder folder;
  test::write_file(folder / "split.csv", "name,split\nx,test\ny,train\nx2,test\n");
  test::Cohort cohort;
  cohort.add("1", "x");
  cohort.add("2", "y");
  cohort.add("1", "x2");
  PrepareConfig config = test::small_config();
  config.split.table = folder / "split.csv";
  const PreparePlan plan = plan_of(config, cohort);
  ASSERT_EQ(plan.tasks.size(), 2u);
  EXPECT_EQ(plan.tasks[0].patient, "P-2");
  EXPECT_EQ(plan.tasks[1].split, io::Split::Test);
  EXPECT_EQ(plan.tasks[1].series.size(), 2u);
  test::write_file(folder / "split.csv", "x,test\ny,train\nx2,train\n");  // one patient in two splits
  EXPECT_THROW(plan_of(config, cohort), io::DataError);
  test::write_file(folder / "split.csv", "x,test\ny,train\n");
  EXPECT_THROW(plan_of(config, cohort), io::DataError);
}

TEST(PreparePlan, StrataAreTheClassesOfWholeSeries) {
  test::Cohort cohort;
  for (int i = 0; i < 12; ++i)
    cohort.add(std::to_string(i), "s" + std::to_string(i)).body_part = i % 3 == 0 ? "CHEST" : "PELVIS";
  PrepareConfig config = test::small_config();
  config.classes.from = "region";
  config.split.test_patients = 3;
  int chests = 0;
  for (const PatientTask& task : plan_of(config, cohort).tasks)
    if (task.split == io::Split::Test) chests += cohort.series(task.series[0]).body_part == "CHEST" ? 1 : 0;
  EXPECT_EQ(chests, 1);
}

TEST(PreparePlan, AFractionLeavesTrainingPatientsOutAndNobodyElse) {
  test::Cohort cohort;
  for (int i = 0; i < 14; ++i) cohort.add(std::to_string(i), "s" + std::to_string(i));
  PrepareConfig config = test::small_config();
  config.split.test_patients = 3;
  config.split.validation_patients = 1;
  const auto patients = [&](double fraction, bool train) {
    config.split.train_fraction = fraction;
    const PreparePlan plan = plan_of(config, cohort);
    std::set<std::string> found;
    for (const PatientTask& task : plan.tasks)
      if ((task.split == io::Split::Train) == train) found.insert(task.patient);
    EXPECT_EQ(std::ssize(plan.tasks) + plan.left_out, 14);
    return found;
  };
  const auto whole = patients(1, true), half = patients(0.5, true), few = patients(0.15, true);
  EXPECT_EQ(whole.size(), 10u);
  EXPECT_EQ(half.size(), 5u);
  EXPECT_EQ(few.size(), 2u);
  EXPECT_TRUE(std::includes(whole.begin(), whole.end(), half.begin(), half.end()));
  EXPECT_TRUE(std::includes(half.begin(), half.end(), few.begin(), few.end()));
  EXPECT_EQ(patients(0.15, false), patients(1, false));
}

TEST(PreparePlan, WholeSlicesTakeTheLargestSize) {
  test::Cohort cohort;
  cohort.add("1", "x");
  cohort.add("2", "y").geometry.size = {30, 10, 6};
  PrepareConfig config = test::small_config();
  config.patch.cut = "whole";
  config.patch.width = config.patch.height = 0;
  config.spacing_mm = {1, 0, 0};
  const PreparePlan plan = plan_of(config, cohort);
  EXPECT_EQ(plan.shard.width, 60);
  EXPECT_EQ(plan.shard.height, 16);
  EXPECT_EQ(plan.shard.spacing_mm, (io::Vector3{1, 2, 5}));
}

TEST(PreparePlan, ContradictionsAreConfigurationErrors) {
  test::Cohort cohort;
  cohort.add("1", "x");
  const auto expect_error = [&](const auto& change) {
    PrepareConfig config = test::small_config();
    change(config);
    EXPECT_THROW(plan_of(config, cohort), ConfigError);
  };
  expect_error([](PrepareConfig& c) { c.patch.width = 0; });
  expect_error([](PrepareConfig& c) { c.window_hu = {100, 100}; });
  expect_error([](PrepareConfig& c) { c.split.test_patients = 1.5; });
  expect_error([](PrepareConfig& c) { c.classes.from = "region"; });  // no body part anywhere
  expect_error([](PrepareConfig& c) {
    c.classes.from = "region";
    c.classes.regions = {"CHEST"};
  });
  expect_error([](PrepareConfig& c) {
    c.classes.from = "present";
    c.classes.priority = {"spleen"};
  });
  expect_error([](PrepareConfig& c) {
    c.masks = "";
    c.classes.from = "dominant";
  });
}

}  // namespace
}  // namespace ctforge::pipeline
