// Label quality of a run: fresh samples pass, and one with a spoilt label is listed by name with its reason.
#include "pipeline/evaluate/evaluate_quality.h"

#include "io/file/safetensors.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

nlohmann::ordered_json quality_of(const std::filesystem::path& out) {
  return quality_json(load_inputs(test::quick_evaluation(), out));
}

TEST(Quality, FreshSamplesAreFlaggedNoMoreThanHeldOutPatients) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const auto json = quality_of(folder.path());
  EXPECT_EQ(json.at("quality").at("synthetic").at("patches"), 24);
  EXPECT_LT(json.at("quality").at("synthetic").at("rate").get<double>(), 0.5);
  EXPECT_LT(json.at("quality").at("held_out").at("rate").get<double>(), 0.5);
  EXPECT_EQ(json.at("rejected").size(), json.at("quality").at("synthetic").at("flagged").get<std::size_t>());
  EXPECT_EQ(json.at("quality").at("labels").at("disc").at("train").at("patches"), 32);
}

TEST(Quality, ASpoiltLabelIsListedWithItsReason) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const std::filesystem::path shard = folder / "samples" / "synthetic-00000.safetensors";
  {
    const io::SafetensorsFile file(shard);
    auto tensors = file.tensors();
    std::vector<std::byte> masks(tensors.at("mask").data.begin(), tensors.at("mask").data.end());
    std::fill(masks.begin(), masks.begin() + 256, std::byte{1});  // the first sample is a disc from edge to edge
    tensors.at("mask").data = masks;
    io::write_safetensors(shard, tensors, file.metadata());
  }
  const auto json = quality_of(folder.path());
  const auto& first = json.at("rejected").at(0);
  EXPECT_EQ(first.at("index"), 0);
  EXPECT_EQ(first.at("sample"), "SYN-0");
  bool by_area = false;
  for (const auto& reason : first.at("reasons")) by_area = by_area || reason.at("measure") == "area_mm2";
  EXPECT_TRUE(by_area);
}

}  // namespace
}  // namespace ctforge::pipeline
