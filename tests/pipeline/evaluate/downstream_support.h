// An experiment whose figures are known, for the tests of what is written of it.
#pragma once

#include "eval/dice.h"
#include "pipeline/evaluate/downstream_scores.h"
#include "tests/eval/support.h"

#include <limits>

#include <torch/types.h>

namespace ctforge::test {

// Fractions 0.5 and 1 of four and eight patients, arms real (Dice of the cord 0.7 in both test patients) and
// real_synthetic (0.8, missing the second patient's cord by distance); nobody has a lung.
struct KnownExperiment {
  KnownExperiment() {
    config.seeds = 1;
    config.fractions = {0.5, 1};
    const auto patches = [](std::int64_t count, const std::vector<std::int32_t>& patient) {
      return patch_set(torch::zeros({count, 2, 2}, torch::kInt16), torch::zeros({count, 2, 2}, torch::kUInt8), patient);
    };
    inputs.test = patches(2, {0, 1});
    inputs.test.labels = {"background", "cord", "lung"};
    inputs.validation = patches(1, {0});
    for (const auto& [fraction, count] : {std::pair{0.5, 4}, std::pair{1.0, 8}}) {
      pipeline::FractionResult own;
      own.fraction = fraction;
      own.train_patients = count;
      for (const auto& [name, share] : {std::pair{"real", 0.0}, std::pair{"real_synthetic", 0.5}})
        own.arms.push_back({name, {{{5e-3, share}, 0.6, 0.7, true}}, {cell()}});
      own.experiment = eval::summarise({arm("real", 0.7, false), arm("real_synthetic", 0.8, true)}, 100, 1);
      own.wilcoxon_holm = {{{1, 0.9, eval::kNotScored}, {1, 0.9, eval::kNotScored}, {1, 0.9, eval::kNotScored}}};
      result.fractions.push_back(own);
    }
    result.savings = {{8, 0.5, eval::Bound::Lower, 0.5, 0.5}, {8, 0, eval::Bound::None, -0.5, 0.25}};
  }

  static eval::Arm arm(const std::string& name, double dice, bool misses) {
    eval::Arm result{name, {{}}};
    for (std::int32_t patient = 0; patient < 2; ++patient) {
      const double distance = misses && patient == 1 ? std::numeric_limits<double>::infinity() : 2;
      result.cells[0].push_back({patient,
                                 {std::vector<double>{eval::kNotScored, dice, eval::kNotScored},
                                  std::vector<double>{eval::kNotScored, distance, eval::kNotScored},
                                  std::vector<double>{eval::kNotScored, dice, eval::kNotScored}},
                                 {0, 0, 0}});
    }
    return result;
  }
  static nlohmann::ordered_json cell() {
    return nlohmann::ordered_json::parse(R"({"seed": 0, "seconds": 1, "patches_per_second": 2, "converged": true,
      "curve": [{"step": 3, "validation_dice": {"mean": 0.6}}],
      "test": [{"false_positive_mm3": [0, 0, 1]}, {"false_positive_mm3": [0, 0, 2]}]})");
  }

  pipeline::DownstreamConfig config;
  pipeline::DownstreamInputs inputs;
  pipeline::DownstreamResult result;
};

}  // namespace ctforge::test
