// Fractions that fit, and every way in which one may leak.
#include "pipeline/evaluate/downstream_inputs.h"

#include "eval/label_quality.h"
#include "io/file/fault.h"
#include "pipeline/train/learned_scans.h"
#include "pipeline/train/train_data.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

class DownstreamInputsTest : public testing::Test {
 protected:
  DownstreamInputsTest() {
    test::write_run(folder_.path());
    test::write_half(folder_.path());
    config_.downstream.fractions = {0.5, 1};
  }
  DownstreamInputs load() const {
    return load_downstream(load_inputs(config_, folder_.path()), config_.downstream, cells_, folder_.path());
  }
  void train_on(const std::string& name, std::int64_t count) const {
    test::write_shards(half_ / "data", "train", name, count, 1, false);
    test::write_file(half_ / "samples" / "samples.json",
                     "{\"train_sha256\": \"" + split_sha256(half_ / "data", "train") + "\"}");
  }
  // What is refused, in words.
  std::string refusal() const {
    try {
      load();
    } catch (const io::DataError& error) {
      return error.what();
    }
    return "";
  }
  const test::TemporaryFolder folder_;
  const std::filesystem::path half_ = folder_ / "fractions" / "0.5";
  const CellStore cells_{folder_ / "cells"};
  EvaluateConfig config_ = test::quick_evaluation();
};

TEST_F(DownstreamInputsTest, FractionsComeFirstAndTheWholeLast) {
  const DownstreamInputs inputs = load();
  ASSERT_EQ(inputs.fractions.size(), 2u);
  EXPECT_EQ(inputs.fractions[0].fraction, 0.5);
  EXPECT_EQ(inputs.fractions[0].train.size(), 16);
  EXPECT_EQ(inputs.fractions[1].train.size(), 32);
  EXPECT_NE(inputs.fractions[0].synthetic_sha256, inputs.fractions[1].synthetic_sha256);
  EXPECT_EQ(inputs.test.size(), 16);
  EXPECT_EQ(inputs.held_out_sha256, held_out_sha256(folder_ / "data"));
}

TEST_F(DownstreamInputsTest, WithoutSyntheticArmsSamplesAreNotNeeded) {
  std::filesystem::remove_all(half_ / "samples");
  EXPECT_NE(refusal(), "");
  config_.downstream.arms = {"real", "oversampled"};
  EXPECT_EQ(load().fractions[0].synthetic.size(), 0);
}

TEST_F(DownstreamInputsTest, ATestPatientAmongThoseTrainedOn) {
  train_on("P-test", 8);
  EXPECT_NE(refusal().find("training patients and test"), std::string::npos) << refusal();
  train_on("P-validation", 8);
  EXPECT_NE(refusal().find("training patients and validation"), std::string::npos) << refusal();
}

TEST_F(DownstreamInputsTest, PatientsBeyondTheWhole) {
  train_on("P-else", 8);
  EXPECT_NE(refusal().find("not among the whole's"), std::string::npos) << refusal();
}

TEST_F(DownstreamInputsTest, OtherHeldOutPatients) {
  test::write_shards(half_ / "data", "test", "P-test", 12, 3, false);
  EXPECT_NE(refusal().find("other validation or test patients"), std::string::npos) << refusal();
}

TEST_F(DownstreamInputsTest, AGeneratorOfAnotherTrainingSet) {
  test::write_file(half_ / "samples" / "samples.json",
                   "{\"train_sha256\": \"" + split_sha256(folder_ / "data", "train") + "\"}");  // of the whole
  EXPECT_NE(refusal().find("trained on other data"), std::string::npos) << refusal();
  test::write_file(half_ / "samples" / "samples.json", "{}");
  EXPECT_NE(refusal().find("do not tell"), std::string::npos) << refusal();
}

TEST_F(DownstreamInputsTest, SamplesOfTheWholeOfUnknownOrigin) {
  test::write_file(folder_ / "samples" / "samples.json", "{}");
  EXPECT_NE(refusal().find("do not tell"), std::string::npos) << refusal();
  config_.downstream.arms = {"real", "oversampled"};
  EXPECT_EQ(refusal(), "");
}

TEST_F(DownstreamInputsTest, AGeneratorThatBeganWithMore) {
  write_scans(half_ / "data", {{"a", "b"}, {"v"}, {"t"}});
  std::filesystem::create_directories(half_ / "checkpoints");
  write_learned(half_ / "checkpoints", {"a", "b"});
  EXPECT_EQ(refusal(), "");
  write_learned(half_ / "checkpoints", {"a", "b", "c"});
  EXPECT_NE(refusal().find("scans beyond the fraction"), std::string::npos) << refusal();
}

TEST_F(DownstreamInputsTest, SamplesWithImplausibleLabelsAreLeftOutWhereAsked) {
  const std::vector<FractionInputs> all = load().fractions;
  config_.downstream.reject_labels = true;
  const std::vector<FractionInputs> kept = load().fractions;
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(all[i].rejected, 0);
    EXPECT_EQ(kept[i].synthetic.size() + kept[i].rejected, 24);
    EXPECT_EQ(kept[i].synthetic.size(), std::ssize(eval::plausible(all[i].synthetic, all[i].train)));
  }
  const std::string key = all[0].train_sha256 + all[0].synthetic_sha256;
  ASSERT_TRUE(cells_.load("plausible-of-0_5", key));
  cells_.save("plausible-of-0_5", key, {1, 2, 3});  // measured once
  EXPECT_EQ(load().fractions[0].synthetic.size(), 3);
}

TEST_F(DownstreamInputsTest, AnotherNumberOfSamples) {
  std::filesystem::remove(half_ / "samples" / "synthetic-00002.safetensors");
  EXPECT_NE(refusal().find("20 samples where the whole has 24"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace ctforge::pipeline
