// What the tests of eval/ share: sets of patches made in memory and the reference values.
#pragma once

#include "eval/patch_set.h"

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/types.h>

namespace ctforge::test {

// tests/oracle/evaluation.json, written by tests/oracle/make_evaluation.py.
const nlohmann::json& oracle();
// The rows that script computes with: sin(1.3 i + 0.7 j + 0.1 i j + phase) + 0.05 j + offset, [count,dimensions]
// float64.
torch::Tensor formula_rows(std::int64_t count, std::int64_t dimensions, double phase, double offset);

// A set over these pixels ([N,H,W] int16 HU and uint8 labels): patient[i] is the index of patch i's patient, all organs
// contoured, class 0 of as many as asked for, window -1000 to 1000 HU, spacing 1, 2 and 3 mm.
eval::PatchSet patch_set(const torch::Tensor& hu, const torch::Tensor& mask, const std::vector<std::int32_t>& patient,
                         std::size_t labels = 3, std::size_t classes = 1);

// Discs (label 1, 300 HU) and squares (label 2, -300 HU) at random places on noise round 0 HU: a task a small network
// learns within seconds. One patient for every four patches.
eval::PatchSet shapes(std::int64_t count, std::int64_t size, std::uint64_t seed);

}  // namespace ctforge::test
