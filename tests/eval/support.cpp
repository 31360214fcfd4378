// Sets of patches made in memory and the reference values.
#include "tests/eval/support.h"

#include "io/file/random.h"
#include "tests/support/support.h"

#include <algorithm>
#include <cmath>

namespace ctforge::test {

const nlohmann::json& oracle() {
  static const nlohmann::json values =
      nlohmann::json::parse(read_file(source_dir() / "tests" / "oracle" / "evaluation.json"));
  return values;
}

torch::Tensor formula_rows(std::int64_t count, std::int64_t dimensions, double phase, double offset) {
  const torch::Tensor i = torch::arange(count, torch::kFloat64).unsqueeze(1);
  const torch::Tensor j = torch::arange(dimensions, torch::kFloat64).unsqueeze(0);
  return (1.3 * i + 0.7 * j + 0.1 * i * j + phase).sin() + 0.05 * j + offset;
}

eval::PatchSet patch_set(const torch::Tensor& hu, const torch::Tensor& mask, const std::vector<std::int32_t>& patient,
                         std::size_t labels, std::size_t classes) {
  eval::PatchSet set;
  set.height = hu.size(1);
  set.width = hu.size(2);
  set.patient = patient;
  set.series = patient;
  set.class_index.assign(patient.size(), 0);
  set.place.assign(patient.size(), {.voxel_mm = {1, 2, 3}});
  std::int32_t patients = 0;
  for (const std::int32_t index : patient) patients = std::max(patients, index + 1);
  for (std::int32_t p = 0; p < patients; ++p) set.patients.push_back("P-" + std::to_string(p));
  set.contoured.assign(set.patients.size(), std::vector<bool>(labels, true));
  for (std::size_t c = 0; c < classes; ++c) set.classes.push_back("class-" + std::to_string(c));
  set.labels = {"background"};
  for (std::size_t label = 1; label < labels; ++label) set.labels.push_back("organ-" + std::to_string(label));
  set.spacing_mm = {1, 2, 3};
  set.pixels = [hu, mask](std::span<const std::int64_t> indices) {
    const torch::Tensor rows = torch::tensor(std::vector<std::int64_t>(indices.begin(), indices.end()), torch::kInt64);
    return eval::Pixels{hu.index_select(0, rows), mask.index_select(0, rows)};
  };
  return set;
}

eval::PatchSet shapes(std::int64_t count, std::int64_t size, std::uint64_t seed) {
  torch::Tensor hu = torch::empty({count, size, size}, torch::kInt16);
  torch::Tensor mask = torch::zeros({count, size, size}, torch::kUInt8);
  io::Random random(seed);
  std::vector<std::int32_t> patient;
  auto* value = hu.data_ptr<std::int16_t>();
  auto* label = mask.data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    patient.push_back(static_cast<std::int32_t>(i / 4));
    const double half = static_cast<double>(size) / 2, radius = static_cast<double>(size) / 6;
    const double disc_x = random.uniform(radius, half - radius), disc_y = random.uniform(radius, 2 * half - radius);
    const double square_x = random.uniform(half + radius, 2 * half - radius),
                 square_y = random.uniform(radius, 2 * half - radius);
    for (std::int64_t y = 0; y < size; ++y) {
      for (std::int64_t x = 0; x < size; ++x, ++value, ++label) {
        const double px = static_cast<double>(x), py = static_cast<double>(y);
        const bool disc = std::hypot(px - disc_x, py - disc_y) < radius;
        const bool square = std::abs(px - square_x) < radius && std::abs(py - square_y) < radius;
        *label = disc ? 1 : square ? 2 : 0;
        *value = static_cast<std::int16_t>(random.normal(disc ? 300 : square ? -300 : 0, 40));
      }
    }
  }
  return patch_set(hu, mask, patient);
}

}  // namespace ctforge::test
