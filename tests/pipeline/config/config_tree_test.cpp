// The tree keeps every line number and refuses what YAML would let pass silently.
#include "pipeline/config/config_tree.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(ConfigTree, KeepsLinesAndKinds) {
  const ConfigNode root = parse_config("train:\n  steps: 10\n  tags: [a, 'b']\n", "x.yaml");
  const ConfigNode* train = root.find("train");
  ASSERT_NE(train, nullptr);
  EXPECT_EQ(train->find("steps")->where, "x.yaml:2");
  EXPECT_EQ(train->find("steps")->text, "10");
  ASSERT_EQ(train->find("tags")->children.size(), 2U);
  EXPECT_FALSE(train->find("tags")->children[0].quoted);
  EXPECT_TRUE(train->find("tags")->children[1].quoted);
}

TEST(ConfigTree, DuplicateKeysAreNamedWithBothLines) {
  try {
    parse_config("train:\n  steps: 1\n  batch: 2\n  steps: 3\n", "x.yaml");
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    ASSERT_EQ(error.problems().size(), 1U);
    EXPECT_EQ(error.problems()[0].line(), "x.yaml:4 train.steps: given twice (first at x.yaml:2)");
  }
}

TEST(ConfigTree, SyntaxErrorsNameTheLine) {
  try {
    parse_config("train: [1, 2\nsample: 3\n", "x.yaml");
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_TRUE(error.problems()[0].where.starts_with("x.yaml:"));
  }
  EXPECT_THROW(parse_config("- a\n- b\n", "x.yaml"), ConfigError);
  std::vector<ConfigProblem> problems;
  EXPECT_THROW(read_config_tree("/nonexistent.yaml", problems), ConfigError);
}

// Aliases that stand for ten million values, and for a list that contains itself.
TEST(ConfigTree, RefusesAliasesThatUnfoldWithoutEnd) {
  std::string bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int level = 1; level < 7; ++level) {
    const std::string alias = "*a" + std::to_string(level - 1);
    bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + alias;
    for (int i = 1; i < 10; ++i) bomb += ", " + alias;
    bomb += "]\n";
  }
  EXPECT_THROW(parse_config(bomb, "x.yaml"), ConfigError);
  EXPECT_THROW(parse_config("a: &a [*a]\n", "x.yaml"), ConfigError);
  ConfigNode root;
  EXPECT_THROW(overlay(root, "train=&a [*a]"), ConfigError);
}

TEST(ConfigTree, OverlayReplacesAndAdds) {
  ConfigNode root = parse_config("train:\n  steps: 10\n", "x.yaml");
  overlay(root, "train.steps=20");
  overlay(root, "sample.classes=[1, 2]");
  EXPECT_EQ(root.find("train")->find("steps")->text, "20");
  EXPECT_EQ(root.find("train")->find("steps")->where, "--set");
  EXPECT_EQ(root.find("sample")->find("classes")->children.size(), 2U);
  overlay(root, "prepare.images=*_ct.nii.gz");
  EXPECT_EQ(root.find("prepare")->find("images")->text, "*_ct.nii.gz");
  EXPECT_THROW(overlay(root, "train.steps"), ConfigError);
}

TEST(ConfigTree, NearestNameIsNearOrEmpty) {
  EXPECT_EQ(nearest_name("leraning_rate", {"steps", "learning_rate"}), "learning_rate");
  EXPECT_EQ(nearest_name("zzz", {"steps", "learning_rate"}), "");
}

}  // namespace
}  // namespace ctforge::pipeline
