// Settings reach the trainer, and an interruption becomes an exception.
#include "pipeline/train/train_options.h"

#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(TrainOptions, TakeTheSectionsValues) {
  TrainConfig config;
  config.beta2 = 0.9;
  config.precision = "fp32";
  config.checkpoint_every = 7;
  const auto options = shared_options(config);
  EXPECT_EQ(options.beta2, 0.9);
  EXPECT_EQ(options.precision, train::Precision::Fp32);
  EXPECT_EQ(options.checkpoint_every, 7);
  EXPECT_EQ(settings_of(config)["checkpoint_every"], 7);
  EXPECT_TRUE(settings_of(config)["autoencoder"].contains("kl_weight"));
  config.precision = "fp8";
  EXPECT_THROW(shared_options(config), std::invalid_argument);
}

TEST(TrainOptions, HooksLogAndReportProgress) {
  const ctforge::test::TemporaryFolder folder;
  const MetricsLog metrics(folder / "metrics.jsonl");
  Context context;
  std::int64_t seen = -1;
  context.progress = [&seen](std::int64_t done, std::int64_t, const std::string& text) {
    EXPECT_EQ(text, "steps (at most 2 min 0 s)");
    seen = done;
  };
  const auto hooks = phase_hooks({"diffusion", "steps", 10, 4, 120}, context, metrics, [] {
    return nlohmann::ordered_json{{"part", 0.5}};
  });
  std::vector<std::string> told;
  context.tell = [&told](const std::string& event, const nlohmann::ordered_json& figures) {
    told.push_back(event + figures.dump());
  };
  hooks.start(2);
  hooks.saved(3, std::string(64, 'a'));
  EXPECT_EQ(told, (std::vector<std::string>{
                      R"(phase_started{"phase":"diffusion","unit":"steps","step":2,"steps":10,"time_limit_s":120.0})",
                      R"(checkpoint_written{"phase":"diffusion","step":3,"sha256":"aaaaaaaaaaaaaaaa"})"}));
  hooks.after_step(3);
  EXPECT_EQ(seen, 3);
  hooks.log({.step = 3, .loss = 2, .gradient_norm = 1, .learning_rate = 0.1, .steps_per_s = 5, .elapsed_s = 1});
  const auto line = metrics.find("diffusion", "train", 3);
  EXPECT_EQ(line["images_per_s"], 20);
  EXPECT_EQ(line["part"], 0.5);
  EXPECT_GT(line["memory_bytes"], 0);
  EXPECT_EQ(outcome_name(train::Outcome::TimeLimit), "time limit");
  EXPECT_THROW(outcome_name(train::Outcome::Interrupted), Interrupted);
}

}  // namespace
}  // namespace ctforge::pipeline
