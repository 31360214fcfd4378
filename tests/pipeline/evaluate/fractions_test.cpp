// What a fraction is made with, where it lies, and what is refused beside it.
#include "pipeline/evaluate/fractions.h"

#include "io/file/fault.h"
#include "pipeline/run/stage.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kTwoFractions = {"evaluate.downstream.fractions=[0.2, 0.5, 1]",
                                                "prepare.split.train_fraction=0.5",
                                                "run.stages=[phantom, prepare, train, sample, evaluate, report]",
                                                "run.name=night",
                                                "sample.format=dicom",
                                                "sample.surfaces=true",
                                                "sample.untrained=5"};

TEST(Fractions, AreRunsOfTheSameConfiguration) {
  const Config config = read_config({}, kTwoFractions);
  EXPECT_EQ(fractions_to_make(config), (std::vector<double>{0.2, 0.5}));
  EXPECT_TRUE(fractions_to_make(read_config({}, {})).empty());
  EXPECT_TRUE(fractions_to_make(read_config({}, {"evaluate.downstream.enabled=false"})).empty());
  const Config own = fraction_config(config, 0.2);
  EXPECT_DOUBLE_EQ(own.prepare.split.train_fraction, 0.1);
  EXPECT_EQ(own.run.stages, (std::vector<std::string>{"phantom", "prepare", "train", "sample"}));
  EXPECT_EQ(own.run.name, "night-fraction-0.2");
  EXPECT_EQ(own.sample.format, "shards");
  EXPECT_EQ(own.sample.untrained, 0);
  EXPECT_NO_THROW(check_sample(own.sample));
  EXPECT_EQ(fingerprint(own, "phantom"), fingerprint(config, "phantom"));
  EXPECT_NE(fingerprint(own, "prepare"), fingerprint(config, "prepare"));
  EXPECT_EQ(fraction_folder("out", 0.2), fs::path("out/fractions/0.2"));
  EXPECT_EQ(fraction_stages({"real", "oversampled"}), std::vector<std::string>{"prepare"});
}

TEST(Fractions, AWholeTrainingSetHasTheFingerprintItAlwaysHad) {
  Config config = read_config({}, {});
  EXPECT_FALSE(settings_of_stage(to_json(config), "prepare").at("split").contains("train_fraction"));
  config.prepare.split.train_fraction = 0.5;
  EXPECT_TRUE(settings_of_stage(to_json(config), "prepare").at("split").contains("train_fraction"));
}

TEST(Fractions, WeightsFromElsewhereAreRefused) {
  for (const char* foreign : {"train.from=/runs/a", "train.pairs=/runs/a/samples", "sample.weaker=/runs/a"}) {
    try {
      check_fractions(read_config({}, {"evaluate.downstream.fractions=[0.5, 1]", foreign}));
      FAIL() << foreign;
    } catch (const ConfigError& error) {
      ASSERT_EQ(error.problems().size(), 1u);
      EXPECT_TRUE(std::string(foreign).starts_with(error.problems()[0].key)) << error.what();
    }
    EXPECT_NO_THROW(check_fractions(read_config({}, {foreign})));
  }
}

TEST(Fractions, AChoiceNeedsValidationPatients) {
  const std::string none = "prepare.split.validation_patients=0";
  EXPECT_THROW(check_fractions(read_config({}, {"evaluate.downstream.learning_rates=[0.001, 0.01]", none})),
               ConfigError);
  EXPECT_THROW(check_fractions(read_config({}, {"evaluate.downstream.synthetic_shares=[0.2, 0.5]", none})),
               ConfigError);
  EXPECT_NO_THROW(check_fractions(read_config({}, {none})));
  EXPECT_NO_THROW(check_fractions(
      read_config({}, {"evaluate.downstream.synthetic_shares=[0.2, 0.5]", none, "prepare.split.table=/a.csv"})));
}

TEST(Fractions, LinksLeadToTheRunsKeyAndCohort) {
  const test::TemporaryFolder folder;
  const Config config = read_config({}, kTwoFractions);
  EXPECT_THROW(link_fraction(config, folder.path(), 0.2), io::DataError);
  test::write_file(folder / "data/prepare.json", R"({"labels": ["background"]})");
  test::write_file(folder / "patient.key", "a key of some length");
  test::write_file(folder / "cohort/cohort.json", "{}");
  link_fraction(config, folder.path(), 0.2);
  link_fraction(config, folder.path(), 0.2);  // again
  const fs::path own = folder / "fractions/0.2";
  EXPECT_EQ(test::read_file(own / "patient.key"), "a key of some length");
  EXPECT_TRUE(fs::exists(own / "cohort/cohort.json"));
  EXPECT_TRUE(fs::read_symlink(own / "cohort").is_relative());
  link_fraction(read_config({}, {"prepare.key_file=/a/key", "prepare.input=/a"}), folder.path(), 0.5);
  EXPECT_TRUE(fs::is_empty(folder / "fractions/0.5"));
  EXPECT_FALSE(is_made(config, folder.path(), 0.2));
  EXPECT_NO_THROW(require_fractions(config, folder.path()));  // no labels, no experiment
  test::write_file(folder / "data/prepare.json", R"({"labels": ["background", "cord"]})");
  EXPECT_THROW(require_fractions(config, folder.path()), io::DataError);
}

TEST(Fractions, AreGivenByName) {
  const Config config = read_config({}, kTwoFractions);
  EXPECT_EQ(parsed_fraction(config, "0.2"), 0.2);
  for (const char* wrong : {"0.3", "1", "", "x"}) EXPECT_THROW(parsed_fraction(config, wrong), ConfigError) << wrong;
}

}  // namespace
}  // namespace ctforge::pipeline
