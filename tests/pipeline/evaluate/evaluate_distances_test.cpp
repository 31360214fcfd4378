// The distances part: every value beside its floor, interval and N, and an order that must hold.
#include "pipeline/evaluate/evaluate_distances.h"

#include "pipeline/evaluate/evaluate_features.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

nlohmann::ordered_json distances_of(const std::filesystem::path& out, const EvaluateConfig& config,
                                    const std::optional<LossyCodec>& codec = {}) {
  const EvaluationInputs inputs = load_inputs(config, out);
  Extractors extractors = load_extractors(config, "cpu");
  const ComparedSets compared = compared_sets(inputs, codec, config, 3);
  const CellStore cells(out / "cells");
  return distances_json(compared, all_features(compared, extractors, config, cells, test::context_of(out)), extractors,
                        config, 3);
}

TEST(Distances, PutFloorIntervalAndCountBesideEveryValue) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const auto json = distances_of(folder.path(), test::quick_evaluation());
  const auto& features = json.at("distances").at("fd_torchscript");
  for (const auto* measured : {&features.at("frechet"), &json.at("hu").at("wasserstein1_hu"),
                               &features.at("per_class").at("neck").at("frechet")}) {
    const double value = measured->at("value"), low = measured->at("interval").at(0),
                 high = measured->at("interval").at(1);
    EXPECT_LE(low, value);
    EXPECT_GE(high, value);
    EXPECT_GE(measured->at("floor").get<double>(), 0);
    EXPECT_EQ(measured->at("floor_interval").size(), 2u);
  }
  // 14 real patients of 4 patches; the smaller half holds 28, and 24 are synthetic: 12 of each class.
  EXPECT_EQ(features.at("frechet").at("n"), 24);
  EXPECT_EQ(features.at("per_class").at("chest").at("frechet").at("n"), 12);
  EXPECT_EQ(json.at("unavailable").size(), 2u);
}

TEST(Distances, NameEveryMeasureOverallPerClassAndOfWholeSets) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const auto json = distances_of(folder.path(), test::quick_evaluation());
  const auto& features = json.at("distances").at("fd_torchscript");
  for (const char* measure : eval::kFeatureMeasures) {
    EXPECT_EQ(features.at(measure).at("n"), 24) << measure;
    EXPECT_EQ(features.at(measure).at("floor_interval").size(), 2u) << measure;
    EXPECT_TRUE(features.at("whole_sets").contains(measure)) << measure;
  }
  EXPECT_EQ(features.at("whole_sets").at("n_real"), 56);
  EXPECT_EQ(features.at("per_class").at("neck").at("coverage").at("n"), 12);
  EXPECT_FALSE(features.at("per_class").at("neck").contains("frechet_infinity"));  // 12 rows are too few
  EXPECT_TRUE(features.at("references").at("noise").contains("kid"));
  EXPECT_EQ(features.at("extractor").at("resize"), "clean");
  EvaluateConfig few = test::quick_evaluation();
  few.measures = {"kid"};
  const auto only = distances_of(folder.path(), few).at("distances").at("fd_torchscript");
  EXPECT_TRUE(only.contains("kid"));
  EXPECT_FALSE(only.contains("frechet"));
}

TEST(Distances, StatisticsAreThoseOfTheFeatures) {
  const test::TemporaryFolder folder;
  const torch::Tensor real = torch::rand({30, 4}), synthetic = torch::rand({20, 4});
  write_statistics({{"fd", "", "clean", real, {synthetic}}}, folder.path());
  const eval::Gaussian read = *read_features(folder / "fd-synthetic.npz").statistics;
  EXPECT_EQ(read.count, 20);
  EXPECT_TRUE(torch::allclose(read.mean, synthetic.to(torch::kFloat64).mean(0)));
  EXPECT_TRUE(torch::allclose(read.covariance, torch::cov(synthetic.to(torch::kFloat64).t())));
  EXPECT_TRUE(std::filesystem::exists(folder / "fd-real.npz"));
}

TEST(Distances, OfShapesOfTheSameKindAreFarBelowThoseOfNoise) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const auto json = distances_of(folder.path(), test::quick_evaluation());
  const auto& features = json.at("distances").at("fd_torchscript");
  EXPECT_LT(features.at("frechet").at("value").get<double>(),
            0.1 * features.at("references").at("noise").at("value").get<double>());
  EXPECT_LT(json.at("hu").at("wasserstein1_hu").at("value").get<double>(),
            0.1 * json.at("hu").at("references").at("noise").at("value").get<double>());
}

TEST(Distances, OfReconstructionsAreTheFloorsWhereTheCodecLosesNothing) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const auto json = distances_of(folder.path(), test::quick_evaluation(),
                                 LossyCodec{diffusion::identity_codec(16, 16, 3), "identity"});
  const auto& features = json.at("distances").at("fd_torchscript");
  EXPECT_NEAR(features.at("references").at("reconstructed").at("value").get<double>(),
              features.at("frechet").at("floor").get<double>(), 1e-6);
  EXPECT_NEAR(json.at("hu").at("references").at("reconstructed").at("value").get<double>(),
              json.at("hu").at("wasserstein1_hu").at("floor").get<double>(), 1e-6);
}

TEST(Distances, OfReconstructionsRiseWithWhatTheCodecLoses) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  diffusion::Codec blurring = diffusion::identity_codec(16, 16, 3);
  blurring.decode = [exact = blurring.decode](const torch::Tensor& latents) {
    diffusion::Decoded decoded = exact(latents);
    decoded.image = torch::avg_pool2d(decoded.image, 5, 1, 2);
    return decoded;
  };
  const auto json = distances_of(folder.path(), test::quick_evaluation(), LossyCodec{blurring, "blurring"});
  const auto& features = json.at("distances").at("fd_torchscript");
  EXPECT_GT(features.at("references").at("reconstructed").at("value").get<double>(),
            features.at("frechet").at("floor").get<double>());
}

TEST(Distances, ThinsEachSetToTheMostPatchesAsked) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  EvaluateConfig config = test::quick_evaluation();
  config.images = 14;
  const ComparedSets compared = compared_sets(load_inputs(config, folder.path()), {}, config, 3);
  EXPECT_EQ(compared.real.size(), 14);
  EXPECT_EQ(compared.sets[0].size(), 14);
  EXPECT_EQ(compared.names, (std::vector<std::string>{"synthetic", "noise"}));
}

TEST(Distances, StopWhenAskedToWhileTakingFeatures) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const EvaluateConfig config = test::quick_evaluation();
  Extractors extractors = load_extractors(config, "cpu");
  Context context = test::context_of(folder.path());
  context.interrupted = [] { return true; };
  EXPECT_THROW(all_features(compared_sets(load_inputs(config, folder.path()), {}, config, 3), extractors, config,
                            CellStore(folder / "cells"), context),
               Interrupted);
}

TEST(Distances, FeaturesAreKeptByWhatTheyWereTakenOf) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const EvaluateConfig config = test::quick_evaluation();
  Extractors extractors = load_extractors(config, "cpu");
  const ComparedSets compared = compared_sets(load_inputs(config, folder.path()), {}, config, 3);
  const CellStore cells(folder / "cells");
  Context context = test::context_of(folder.path());
  const auto first = all_features(compared, extractors, config, cells, context);
  context.interrupted = [] { return true; };  // taking any feature throws
  EXPECT_TRUE(
      torch::equal(all_features(compared, extractors, config, cells, context).front().real, first.front().real));
  ComparedSets other = compared;
  other.real.window_hu[1] += 1;
  EXPECT_THROW(all_features(other, extractors, config, cells, context), Interrupted);
  EvaluateConfig scaled = config;
  scaled.torchscript.scale[1] *= 2;
  Extractors others = load_extractors(scaled, "cpu");
  EXPECT_THROW(all_features(compared, others, scaled, cells, context), Interrupted);
}

}  // namespace
}  // namespace ctforge::pipeline
