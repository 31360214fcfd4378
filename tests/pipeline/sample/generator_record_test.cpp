// The record survives its JSON text; what contradicts itself is refused; the digest follows the weights.
#include "pipeline/sample/generator_record.h"

#include "io/file/fault.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

GeneratorRecord example() {
  GeneratorRecord record;
  record.codec = "autoencoder";
  record.method = {"ddpm", "cosine", false, "velocity", true};
  record.shift = {0.1, 1.0 / 3};
  record.scale = {2, 3};
  record.latent_shape = {2, 4, 8};
  record.unet.in_channels = 2;
  record.unet.out_channels = 4;
  record.unet.num_class_embeds = 3;
  record.autoencoder_sha256 = "abc";
  record.train_sha256 = "def";
  record.patches.height = 16;
  record.patches.width = 32;
  record.patches.classes = {"a", "b"};
  record.patches.labels = {"background", "organ"};
  record.patches.spacing_mm = {1, 2, 3};
  record.config = R"({"label_dropout":0.1})";
  record.bf16 = true;
  return record;
}

TEST(GeneratorRecord, SurvivesItsText) {
  const GeneratorRecord record = generator_record_from_json(to_json(example()));
  EXPECT_EQ(record.shift, example().shift);
  EXPECT_EQ(record.latent_shape, example().latent_shape);
  EXPECT_EQ(record.unet.num_class_embeds, 3);
  EXPECT_EQ(record.patches.classes, example().patches.classes);
  EXPECT_EQ(record.patches.spacing_mm, example().patches.spacing_mm);
  EXPECT_EQ(record.config, example().config);
  EXPECT_TRUE(record.bf16);
  const auto parametrisation = parametrisation_of(record);
  EXPECT_TRUE(parametrisation.path.discrete());
  EXPECT_EQ(parametrisation.target, diffusion::Target::Velocity);
  EXPECT_TRUE(parametrisation.learned_variance);
  GeneratorRecord flow = example();
  flow.method = {"ddpm", "linear", true, "velocity", false};
  flow.unet.out_channels = 2;
  const Method method = generator_record_from_json(to_json(flow)).method;
  EXPECT_EQ(method.betas, "linear");
  EXPECT_TRUE(method.zero_terminal_snr);
  EXPECT_FALSE(method.learned_variance);
}

TEST(GeneratorRecord, ReadsThoseOfTheFirstSchema) {
  auto value = nlohmann::json::parse(to_json(example()));
  value["schema"] = 1;
  for (const char* key : {"betas", "zero_terminal_snr", "learned_variance"}) value.erase(key);
  value["method"] = "vp_cosine";
  value["target"] = "noise";
  value["unet"]["out_channels"] = 2;
  EXPECT_EQ(generator_record_from_json(value.dump()).method.betas, "cosine");
  EXPECT_EQ(generator_record_from_json(value.dump()).method.target, "noise");
  value["method"] = "edm";
  EXPECT_EQ(generator_record_from_json(value.dump()).method.target, "edm");
  value["schema"] = 3;
  EXPECT_THROW(generator_record_from_json(value.dump()), io::DataError);
}

TEST(GeneratorRecord, RefusesOtherText) {
  EXPECT_THROW(generator_record_from_json("{}"), io::DataError);
  EXPECT_THROW(generator_record_from_json("no JSON"), io::DataError);
  GeneratorRecord record = example();
  record.scale.pop_back();
  EXPECT_THROW(generator_record_from_json(to_json(record)), io::DataError);
  record = example();
  record.method.betas = "magic";
  EXPECT_THROW(generator_record_from_json(to_json(record)), io::DataError);
}

TEST(WeightsDigest, FollowsEveryValue) {
  torch::nn::Linear net(3, 2);
  const std::string before = weights_sha256(*net);
  EXPECT_EQ(before.size(), 64U);
  EXPECT_EQ(weights_sha256(*net), before);
  const torch::NoGradGuard no_grad;
  net->bias[1] += 1e-3;
  EXPECT_NE(weights_sha256(*net), before);
}

}  // namespace
}  // namespace ctforge::pipeline
