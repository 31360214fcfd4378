// Which networks the lists ask for, and which lists are refused.
#include "pipeline/evaluate/downstream_config.h"

#include "pipeline/config/config_tree.h"

#include <functional>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

std::size_t problems_of(const std::function<void(DownstreamConfig&)>& change) {
  DownstreamConfig config;
  change(config);
  try {
    check_downstream(config);
  } catch (const ConfigError& error) {
    return error.problems().size();
  }
  return 0;
}

TEST(DownstreamConfig, SharesConcernOneArmAndRatesAll) {
  DownstreamConfig config;
  config.arms = {"synthetic", "real_synthetic", "real"};
  config.synthetic_shares = {0.2, 0.5, 0.8};
  config.learning_rates = {1e-3, 1e-2};
  config.fractions = {0.2, 1};
  config.seeds = 5;
  EXPECT_EQ(arms_of(config), (std::vector<std::string>{"real", "synthetic", "real_synthetic"}));
  EXPECT_EQ(candidates_of(config, "real").size(), 2u);
  EXPECT_EQ(candidates_of(config, "real_synthetic").size(), 6u);
  EXPECT_EQ(candidates_of(config, "real_synthetic")[2].synthetic_share, 0.5);
  config.synthetic_until = {0.5, 1};
  EXPECT_EQ(candidates_of(config, "real").size(), 2u);
  EXPECT_EQ(candidates_of(config, "real_synthetic").size(), 12u);
  EXPECT_EQ(candidates_of(config, "real_synthetic")[3], (Candidate{1e-2, 0.2, 1}));
  config.synthetic_until = {1};
  const auto cells = cells_of(config);
  EXPECT_EQ(cells.size(), 2u * 5 * (2 + 2 + 6));
  EXPECT_EQ(cells.front().fraction, 1);
  EXPECT_EQ(cells.back().fraction, 0.2);
}

TEST(DownstreamConfig, RefusesWhatMeansNothing) {
  EXPECT_EQ(problems_of([](DownstreamConfig&) {}), 0u);
  EXPECT_EQ(problems_of([](DownstreamConfig& c) { c.arms = {"real_synthetic"}; }), 1u);
  EXPECT_EQ(problems_of([](DownstreamConfig& c) { c.arms = {"real", "synthetic", "real"}; }), 1u);
  EXPECT_EQ(problems_of([](DownstreamConfig& c) { c.learning_rates = {}; }), 1u);
  EXPECT_EQ(problems_of([](DownstreamConfig& c) { c.learning_rates = {1e-3, 1e-3}; }), 1u);
  EXPECT_EQ(problems_of([](DownstreamConfig& c) { c.synthetic_shares = {}; }), 1u);
  EXPECT_EQ(problems_of([](DownstreamConfig& c) {
              c.arms = {"real", "synthetic"};
              c.synthetic_shares = {0.2};
            }),
            1u);
  for (const auto& fractions : std::vector<std::vector<double>>{{}, {0.5}, {1, 0.5}, {0.5, 0.5, 1}})
    EXPECT_EQ(problems_of([&](DownstreamConfig& c) { c.fractions = fractions; }), 1u);
  EXPECT_EQ(problems_of([](DownstreamConfig& c) { c.synthetic_until = {0.5, 0.5}; }), 1u);
  EXPECT_EQ(problems_of([](DownstreamConfig& c) {
              c.arms = {"real", "synthetic"};
              c.synthetic_until = {0.5};
            }),
            1u);
  EXPECT_EQ(problems_of([](DownstreamConfig& c) {
              c.arms = {"real"};
              c.reject_labels = true;
            }),
            1u);
  // Of a batch of 32, 0.01 is no patch, and 0.5 and 0.51 are 16.
  for (const auto& shares : std::vector<std::vector<double>>{{0.01}, {0.5, 0.51}, {0.5, 0.5}})
    EXPECT_EQ(problems_of([&](DownstreamConfig& c) { c.synthetic_shares = shares; }), 1u);
  EXPECT_EQ(problems_of([](DownstreamConfig& c) {
              c.enabled = false;
              c.fractions = {0.5, 1};
            }),
            1u);
}

TEST(DownstreamConfig, NumbersAsNames) {
  EXPECT_EQ(number_name(0.2), "0.2");
  EXPECT_EQ(number_name(1), "1");
  EXPECT_EQ(number_name(1e-5), "1e-05");
}

}  // namespace
}  // namespace ctforge::pipeline
