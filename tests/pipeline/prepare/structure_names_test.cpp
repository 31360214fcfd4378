// Files of structures' names, and everything that may be wrong with them.
#include "pipeline/prepare/structure_names.h"

#include "pipeline/config/config_tree.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using Names = std::vector<std::string>;

class StructureNamesFile : public ::testing::Test {
 protected:
  StructureNames read(const std::string& text, const Names& labels = {}) {
    test::write_file(folder_ / "names.yaml", text);
    return read_structure_names(folder_ / "names.yaml", labels);
  }
  std::string problem(const std::string& text, const Names& labels = {}) {
    try {
      read(text, labels);
    } catch (const ConfigError& error) {
      return error.problems().front().line();
    }
    ADD_FAILURE() << "nothing was refused";
    return {};
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(StructureNamesFile, YamlAndJsonGiveLabelsInTheirOrder) {
  for (const char* text : {"Liver: liver\n\"Leber*\": liver\nMilz: spleen\nGTV old: background\n",
                           R"({"Liver": "liver", "Leber*": "liver", "Milz": "spleen", "GTV old": "background"})"}) {
    const StructureNames names = read(text);
    EXPECT_EQ(names.labels, (Names{"background", "liver", "spleen"}));
    EXPECT_EQ(names.map.find("leber, alt"), 1);
    EXPECT_EQ(names.map.find("MILZ"), 2);
    EXPECT_EQ(names.map.find("gtv  old"), 0);
    EXPECT_FALSE(names.map.find("GTV"));
  }
}

TEST_F(StructureNamesFile, TheConfigurationsLabelsDecideTheValues) {
  const StructureNames names = read("Milz: spleen\nLeber: liver\n", {"none", "liver", "spleen"});
  EXPECT_EQ(names.labels, (Names{"none", "liver", "spleen"}));
  EXPECT_EQ(names.map.find("Milz"), 2);
  EXPECT_EQ(problem("Milz: spleen\nLeber: lever\n", {"none", "spleen"}),
            "prepare.structures:2: no label of prepare.labels is called 'lever'");
  EXPECT_EQ(problem("Milz: spleen\n", {"none", "spleen", "liver"}),
            "configuration prepare.structures: no structure becomes the label 'liver'");
}

TEST_F(StructureNamesFile, WhatIsNoMapOfNamesIsRefusedByLine) {
  EXPECT_EQ(problem("a: b\nLiver: [liver, spleen]\n"),
            "prepare.structures:2: expected the name of a structure, a colon, and the name of its label");
  EXPECT_TRUE(problem("Liver:\n").starts_with("prepare.structures:1"));
  EXPECT_TRUE(problem("Liver: a\nLiver: b\n").find("given twice") != std::string::npos);
  EXPECT_TRUE(problem("*: a\n").find("not valid YAML") != std::string::npos);
  EXPECT_TRUE(problem("- a\n").starts_with("prepare.structures"));
  EXPECT_EQ(problem(""), "configuration prepare.structures: the file gives no structure a label");
  EXPECT_EQ(problem("a: background\n"), "configuration prepare.structures: the file gives no structure a label");
  EXPECT_THROW(read_structure_names("absent.yaml", {}), ConfigError);
}

}  // namespace
}  // namespace ctforge::pipeline
