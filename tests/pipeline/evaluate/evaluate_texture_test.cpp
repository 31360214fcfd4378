// Noise power and diversity of shapes: like their floor, unlike noise, and worse where something is wrong.
#include "pipeline/evaluate/evaluate_texture.h"

#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

ComparedSets sets_of(const std::filesystem::path& out) {
  test::write_run(out);
  const EvaluateConfig config = test::quick_evaluation();
  return compared_sets(load_inputs(config, out), {}, config, 3);
}

TEST(Texture, NoisePowerFallsBackToWhatSmoothingLeaves) {
  const test::TemporaryFolder folder;
  const ordered_json json = noise_power_json(sets_of(folder.path()), test::quick_evaluation());
  const ordered_json& noise = json.at("noise_power");  // the shapes reach 300 HU: no patch is all soft tissue
  EXPECT_NE(json.at("protocol").at("of").get<std::string>().find("smoothed"), std::string::npos);
  EXPECT_LT(noise.at("distance").at("log_spectral_db").at("value").get<double>(),
            noise.at("distance").at("references").at("noise").at("value").get<double>());
  EXPECT_EQ(noise.at("frequency_per_mm").size(), noise.at("curves").at("real").at("power_hu2_mm2").size());
}

TEST(Texture, DiversityOfCopiesIsOne) {
  const test::TemporaryFolder folder;
  ComparedSets sets = sets_of(folder.path());
  const double fresh =
      diversity_json(sets, test::quick_evaluation(), 1).at("diversity").at("ms_ssim").at("value").get<double>();
  sets.sets[0].pixels = [one = sets.sets[0].pixels](std::span<const std::int64_t> indices) {
    return one(eval::Indices(indices.size(), 0));
  };
  const ordered_json json = diversity_json(sets, test::quick_evaluation(), 1);
  const ordered_json& similarity = json.at("diversity").at("ms_ssim");
  EXPECT_NEAR(similarity.at("value").get<double>(), 1, 1e-9);
  EXPECT_LT(similarity.at("floor").get<double>(), 0.9);
  EXPECT_NEAR(fresh, similarity.at("floor").get<double>(), 0.15);
  EXPECT_FALSE(json.at("diversity").at("references").contains("noise"));  // one "patient" has no pairs
}

TEST(Texture, DiversityNeedsElevenPixels) {
  const test::TemporaryFolder folder;
  ComparedSets sets = sets_of(folder.path());
  sets.real.height = 8;
  EXPECT_TRUE(diversity_json(sets, test::quick_evaluation(), 1).contains("unavailable"));
}

}  // namespace
}  // namespace ctforge::pipeline
