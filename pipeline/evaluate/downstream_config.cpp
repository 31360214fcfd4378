// The networks that the lists ask for, and what is wrong with the lists.
#include "pipeline/evaluate/downstream_config.h"

#include "pipeline/config/config_tree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace ctforge::pipeline {

namespace {

template <class Value, class Wanted>
bool has(const std::vector<Value>& values, const Wanted& wanted) {
  return std::find(values.begin(), values.end(), wanted) != values.end();
}

template <class Value>
bool repeats(const std::vector<Value>& values) {
  return std::set<Value>(values.begin(), values.end()).size() != values.size();
}

}  // namespace

std::string number_name(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

bool uses_synthetic(const std::string& arm) { return arm == kSyntheticArm || arm == "synthetic"; }

std::vector<Candidate> candidates_of(const DownstreamConfig& config, const std::string& arm) {
  std::vector<Candidate> candidates;
  const bool mixed = arm == kSyntheticArm;
  for (const double share : mixed ? config.synthetic_shares : std::vector<double>{0})
    for (const double until : mixed ? config.synthetic_until : std::vector<double>{1})
      for (const double rate : config.learning_rates) candidates.push_back({rate, share, until});
  return candidates;
}

bool leaves_choice(const DownstreamConfig& config) {
  return std::any_of(config.arms.begin(), config.arms.end(),
                     [&config](const std::string& arm) { return candidates_of(config, arm).size() > 1; });
}

std::vector<std::string> arms_of(const DownstreamConfig& config) {
  std::vector<std::string> arms = {kBaselineArm};
  for (const std::string& arm : config.arms)
    if (arm != kBaselineArm) arms.push_back(arm);
  return arms;
}

std::vector<DownstreamCell> cells_of(const DownstreamConfig& config) {
  std::vector<DownstreamCell> cells;
  for (auto fraction = config.fractions.rbegin(); fraction != config.fractions.rend(); ++fraction)
    for (std::int64_t seed = 0; seed < config.seeds; ++seed)
      for (const std::string& arm : arms_of(config))
        for (const Candidate& candidate : candidates_of(config, arm))
          cells.push_back({*fraction, arm, candidate, seed});
  return cells;
}

void check_downstream(const DownstreamConfig& config) {
  std::vector<ConfigProblem> problems;
  const auto refuse_if = [&problems](bool wrong, const std::string& key, const std::string& why) {
    if (wrong) problems.push_back({"configuration", "evaluate.downstream." + key, why});
  };
  const DownstreamConfig defaults;
  refuse_if(!has(config.arms, kBaselineArm), "arms", "must hold real, with which the others are compared");
  refuse_if(repeats(config.arms), "arms", "names an arm twice");
  refuse_if(repeats(config.synthetic_shares) || config.synthetic_shares.empty(), "synthetic_shares",
            "must hold different values");
  refuse_if(repeats(config.synthetic_until) || config.synthetic_until.empty(), "synthetic_until",
            "must hold different values");
  refuse_if(repeats(config.learning_rates) || config.learning_rates.empty(), "learning_rates",
            "must hold different values");
  std::vector<long> patches;  // synthetic ones in a batch
  for (const double share : config.synthetic_shares)
    patches.push_back(std::lround(share * static_cast<double>(config.batch)));
  refuse_if(
      has(config.arms, kSyntheticArm) && !repeats(config.synthetic_shares) && (repeats(patches) || has(patches, 0L)),
      "synthetic_shares",
      "makes no synthetic patch, or as many as another share, of a batch of " + std::to_string(config.batch));
  refuse_if(!has(config.arms, kSyntheticArm) && config.synthetic_shares != defaults.synthetic_shares,
            "synthetic_shares", "needs the arm real_synthetic");
  refuse_if(!has(config.arms, kSyntheticArm) && config.synthetic_until != defaults.synthetic_until, "synthetic_until",
            "needs the arm real_synthetic");
  refuse_if(config.reject_labels && std::none_of(config.arms.begin(), config.arms.end(), uses_synthetic),
            "reject_labels", "needs an arm with synthetic patches");
  const bool ascending = std::adjacent_find(config.fractions.begin(), config.fractions.end(),
                                            [](double a, double b) { return !(a < b); }) == config.fractions.end();
  refuse_if(config.fractions.empty() || !ascending || config.fractions.back() != 1, "fractions",
            "must ascend and end with 1");
  refuse_if(!config.enabled && config.fractions != defaults.fractions, "fractions",
            "needs evaluate.downstream.enabled");
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

}  // namespace ctforge::pipeline
