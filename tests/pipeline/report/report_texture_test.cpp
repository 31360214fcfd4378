// Tables of texture, labels and copies have what the evaluation found, and none where it found nothing.
#include "pipeline/report/report_texture.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

TEST(ReportTexture, WhatWasMeasuredHasARow) {
  ReportInputs inputs;
  EXPECT_TRUE(texture_section(inputs).body.empty());
  inputs.radiomics = ordered_json::parse(R"({"radiomics":{"frd_v0_original_filters":{"frechet":
    {"value":42.5,"interval":[40,45],"n":9,"floor":11,"floor_interval":[10,12]}}},
    "organs":{"cord":{"frd_v1_original_filters":{"log_frechet":
    {"value":2.5,"interval":[2,3],"n":8,"floor":1,"floor_interval":[0.5,1.5]}}}}})");
  std::string body = texture_section(inputs).body;
  for (const char* part :
       {"radiomics distance", "42.5 [40, 45]", "11 [10, 12]", "<td>9</td>", "of cord under its mask", "2.5 [2, 3]"})
    EXPECT_NE(body.find(part), std::string::npos) << part;
  EXPECT_EQ(body.find("similarity"), std::string::npos);
  inputs.noise_power = ordered_json::parse(R"({"noise_power":{"distance":{"log_spectral_db":{"value":6.4}},
    "frequency_per_mm":[0.1,0.2],"curves":{"real":{"power_hu2_mm2":[30,3]},"synthetic":{"power_hu2_mm2":[20,2]}}},
    "protocol":{"of":"regions of soft tissue"}})");
  body = texture_section(inputs).body;
  for (const char* part : {"6.4", "<svg", "cycles per mm", "regions of soft tissue"})
    EXPECT_NE(body.find(part), std::string::npos) << part;
}

TEST(ReportTexture, LabelsHaveBothRatesAndTheReasons) {
  ReportInputs inputs;
  EXPECT_TRUE(labels_section(inputs).body.empty());
  inputs.quality = ordered_json::parse(R"({"quality":{"synthetic":{"rate":0.25},"held_out":{"rate":0.05},
    "labels":{"cord":{"synthetic":{"rate":0.2,"reasons":{"pieces":4}},"held_out":{"rate":0.01}},
              "eye":{"not_judged":"fewer than 30"}}},"rejected":[{},{},{}]})");
  const std::string body = labels_section(inputs).body;
  for (const char* part : {"25 %", "5 %", "pieces 4", "fewer than 30", "these 3 samples"})
    EXPECT_NE(body.find(part), std::string::npos) << part;
}

TEST(ReportTexture, CopiesAreShownBesideWhatIsExpected) {
  ReportInputs inputs;
  EXPECT_TRUE(memorisation_table(inputs).empty());
  inputs.nearest = ordered_json::parse(R"({"memorisation":{"fd_lite0":{
    "authenticity":{"synthetic":0.25,"held_out":0.75},"copying_statistic":-12.5,
    "membership":{"auc":0.875,"interval":[0.75,1]}}}})");
  const std::string table = memorisation_table(inputs);
  for (const char* part : {"FD-Lite0", "0.25", "0.75", "-12.5", "0.875 [0.75, 1]"})
    EXPECT_NE(table.find(part), std::string::npos) << part;
  EXPECT_EQ(table.find("second nearest"), std::string::npos);
}

}  // namespace
}  // namespace ctforge::pipeline
