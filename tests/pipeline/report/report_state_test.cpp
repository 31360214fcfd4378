// What the report says of a run that is not finished.
#include "pipeline/report/report_state.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

ReportInputs training() {
  ReportInputs inputs;
  inputs.under_way = true;
  inputs.progress = nlohmann::ordered_json::parse(R"({"stage":"train","state":"running","unit":"steps","done":420,
    "total":12000,"time_left_s":7500,"time":1764212345.5,
    "figures":{"autoencoder":{"train":{"time":1,"loss":9}},"diffusion":{"train":{"time":2,"loss":0.123,"images_per_s":35.1}}},
    "checkpoints":{"diffusion":{"step":400,"time":1764212300}}})");
  return inputs;
}

TEST(ReportState, OfATrainingSaysHowFarItIs) {
  const std::string block = state_block(training());
  for (const char* part : {"Under way: train, steps 420 of 12000", "2 h 5 min left", "loss 0.123",
                           "images a second 35.1", "As of 2025-11-27 02:59:05 UTC", "step 400"})
    EXPECT_NE(block.find(part), std::string::npos) << part << "\n" << block;
  EXPECT_EQ(block.find("loss 9"), std::string::npos);
}

TEST(ReportState, TellsEndsApart) {
  ReportInputs inputs = training();
  inputs.under_way = false;
  EXPECT_NE(state_block(inputs).find("stopped without a word"), std::string::npos);
  inputs.progress["state"] = "interrupted";
  EXPECT_NE(state_block(inputs).find("interrupted; the same command goes on"), std::string::npos);
  inputs.progress["state"] = "failed";
  EXPECT_NE(state_block(inputs).find("failed"), std::string::npos);
  inputs.progress["state"] = "done";
  EXPECT_EQ(state_block(inputs), "");
  EXPECT_EQ(state_block({}), "");
}

TEST(ReportState, WhatIsMissingIsStillToComeWhereARunIsUnderWay) {
  EXPECT_NE(missing_note(training(), "not evaluated").find("not there yet"), std::string::npos);
  EXPECT_NE(missing_note({}, "not evaluated").find("not evaluated"), std::string::npos);
}

}  // namespace
}  // namespace ctforge::pipeline
