// Names of labels from lists and files, and label maps that keep some values.
#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/prepare/prepare_plan.h"
#include "tests/pipeline/prepare/prepare_support.h"
#include "tests/support/support.h"

#include <functional>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(PrepareLabels, AListKeepsItsValuesAndRefusesOthers) {
  const LabelPlan plan = plan_labels(test::small_config(), "absent");
  EXPECT_EQ(plan.names.size(), 4u);
  EXPECT_EQ(plan.kept[3], 3);
  EXPECT_EQ(plan.kept[4], -1);
}

TEST(PrepareLabels, AMapRenumbersAndDropsTheRest) {
  PrepareConfig config = test::small_config();
  config.label_map = {"1:1", "3:2", "4:2", "7:3"};
  const LabelPlan plan = plan_labels(config, "absent");
  EXPECT_EQ(plan.kept[7], 3);
  EXPECT_EQ(plan.kept[4], 2);
  EXPECT_EQ(plan.kept[5], 0);
  EXPECT_EQ(plan.kept[0], 0);
}

TEST(PrepareLabels, AFileNamesTheFoundValues) {
  test::TemporaryFolder folder;
  PrepareConfig config = test::small_config();
  config.labels.clear();
  config.label_map = {"3:1", "1:2"};
  for (const char* text : {R"(["background","a","b","c"])", R"({"labels":["background","a","b","c"]})",
                           R"({"0":"background","1":"a","2":"b","3":"c"})"}) {
    test::write_file(folder / "labels.json", text);
    const LabelPlan plan = plan_labels(config, folder.path());
    EXPECT_EQ(plan.names, (std::vector<std::string>{"background", "c", "a"}));
    EXPECT_EQ(plan.kept[2], 0);
    EXPECT_EQ(plan.kept[4], -1);
  }
  test::write_file(folder / "labels.json", "[1, 2]");
  EXPECT_THROW(plan_labels(config, folder.path()), io::DataError);
  test::write_file(folder / "labels.json", "not JSON");
  EXPECT_THROW(plan_labels(config, folder.path()), io::DataError);
}

TEST(PrepareLabels, WithoutMasksThereIsOnlyBackground) {
  PrepareConfig config = test::small_config();
  config.masks = "";
  EXPECT_EQ(plan_labels(config, "absent").names, std::vector<std::string>{"background"});
}

TEST(PrepareLabels, MapsThatCannotBeAreConfigurationErrors) {
  const std::vector<std::vector<std::string>> bad = {{"7"},    {"7:"},  {"a:1"},       {"1:256"},
                                                     {"-1:1"}, {"1:4"}, {"1:1", "1:2"}};
  for (const auto& map : bad) {
    PrepareConfig config = test::small_config();
    config.label_map = map;
    EXPECT_THROW(plan_labels(config, "absent"), ConfigError) << map[0];
  }
  PrepareConfig config = test::small_config();
  config.labels.clear();
  EXPECT_THROW(plan_labels(config, "absent"), ConfigError);
  config = test::small_config();
  config.labels_file = "labels.json";
  EXPECT_THROW(plan_labels(config, "absent"), ConfigError);
}

TEST(PrepareLabels, StructuresGiveTheNamesAndExcludeOtherSources) {
  test::TemporaryFolder folder;
  test::write_file(folder / "names.yaml", "Leber: liver\nMilz: spleen\n");
  PrepareConfig config;
  config.structures = folder / "names.yaml";
  const LabelPlan plan = plan_labels(config, "absent");
  EXPECT_EQ(plan.names, (std::vector<std::string>{"background", "liver", "spleen"}));
  EXPECT_EQ(plan.kept[2], 2);
  EXPECT_EQ(plan.kept[3], -1);
  for (const auto& edit : std::vector<std::function<void(PrepareConfig&)>>{
           [](PrepareConfig& c) { c.masks = "*_seg.nii.gz"; }, [](PrepareConfig& c) { c.labels_file = "labels.json"; },
           [](PrepareConfig& c) { c.label_map = {"1:1"}; },
           [](PrepareConfig& c) {
             c.labels = {"background", "liver"};
           }}) {
    PrepareConfig other = config;
    edit(other);
    EXPECT_THROW(plan_labels(other, "absent"), ConfigError);
  }
}

}  // namespace
}  // namespace ctforge::pipeline
