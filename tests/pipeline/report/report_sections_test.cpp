// Sections of figures from what the evaluation writes.
#include "pipeline/report/report_sections.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(ReportSections, AutoencoderHasARowForEachTissue) {
  ReportInputs inputs;
  EXPECT_TRUE(autoencoder_section(inputs).body.empty());
  inputs.manifest = nlohmann::ordered_json::parse(R"({"stages":{"train":{"summary":{"autoencoder":{"reconstruction":{
    "hu_mae":28.5,"hu_bias":-1.2,"psnr_db":33.1,"ssim":0.9123,"mask_dice":{"cord":0.98,"lung":null},"patches":12,
    "tissues":{"background":{"hu_mae":10,"hu_bias":0,"pixels":5},"cord":{"hu_mae":40.5,"hu_bias":3,"pixels":5}}}}}}}})");
  const std::string body = autoencoder_section(inputs).body;
  for (const char* part : {"cord", "40.5", "0.980", "33.1 dB", "0.912", "12 patches"})
    EXPECT_NE(body.find(part), std::string::npos) << part;
}

TEST(ReportSections, DistancesHaveARowForEachMeasureAndOrgan) {
  ReportInputs inputs;
  inputs.distances = nlohmann::ordered_json::parse(R"({"distances":{"fd_lite0":{
    "coverage":{"value":0.75,"interval":[0.7,0.8],"n":40,"floor":0.9,"floor_interval":[0.85,0.95]},
    "references":{},"per_class":{}}},
    "hu":{"wasserstein1_hu":{"value":3,"interval":[2,4],"n":40,"floor":1,"floor_interval":[0,2]},
          "references":{},"per_class":{},
          "organs":{"left eye":{"mean_difference_hu":{"value":31.5,"interval":[30,33],"n":40,"floor":-1,
                                                      "floor_interval":[-2,1]}}}}})");
  const std::string body = distances_section(inputs).body;
  for (const char* part : {"coverage", "0.75", "left eye", "mean_difference_hu", "31.5"})
    EXPECT_NE(body.find(part), std::string::npos) << part;
  EXPECT_EQ(body.find("vendi"), std::string::npos);
}

TEST(ReportSections, MissingPartsAreNamed) {
  const ReportInputs nothing;
  EXPECT_NE(dice_section(nothing).body.find("not evaluated"), std::string::npos);
  EXPECT_NE(distances_section(nothing).body.find("not evaluated"), std::string::npos);
  EXPECT_NE(training_section(nothing).body.find("no training"), std::string::npos);
  EXPECT_NE(provenance_section(nothing).body.find("no stage"), std::string::npos);
}

TEST(ReportSections, StagesAreListedWithTimeAndMemory) {
  ReportInputs inputs;
  inputs.manifest = nlohmann::ordered_json::parse(
      R"({"stages":{"train":{"state":"done","seconds":75,"peak_memory_bytes":1500000000,"fingerprint":"abcdef"}}})");
  const std::string body = provenance_section(inputs).body;
  EXPECT_NE(body.find("1 min 15 s"), std::string::npos);
  EXPECT_NE(body.find("1.50 GB"), std::string::npos);
  inputs.samples = {{"count", 4}, {"straightness", 0.0125}};
  EXPECT_NE(provenance_section(inputs).body.find("0.0125"), std::string::npos);
}

}  // namespace
}  // namespace ctforge::pipeline
