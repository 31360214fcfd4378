// One side of a comparison: patches with what each is, their pixels fetched when needed. What all measurements take,
// wherever the patches come from.
#pragma once

#include "io/file/shard.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

using Indices = std::vector<std::int64_t>;

struct Pixels {
  torch::Tensor hu;    // [n,H,W] int16 HU
  torch::Tensor mask;  // [n,H,W] uint8 label values, 0 background
};

struct PatchSet {
  std::int64_t height = 0, width = 0;
  std::vector<std::int32_t> class_index;  // [N] index into classes
  std::vector<std::int32_t> patient;      // [N] index into patients
  std::vector<std::int32_t> series;       // [N] index into contoured
  std::vector<io::PatchPlace> place;      // [N] in the series
  std::vector<std::string> patients;      // pseudonyms
  // [series][labels] true where the organ was contoured in that series; one that was not is unknown, not absent.
  std::vector<std::vector<bool>> contoured;
  std::vector<std::string> classes;
  std::vector<std::string> labels;  // labels[0] is the background
  io::Vector3 spacing_mm = {1, 1, 1};
  std::array<double, 2> window_hu = {-1000, 1000};
  // The pixels of the patches at these indices, in that order; safe to call from several threads.
  std::function<Pixels(std::span<const std::int64_t>)> pixels;

  std::int64_t size() const { return static_cast<std::int64_t>(class_index.size()); }
  Pixels all() const;
};

// Patches that stay on disk, memory-mapped.
PatchSet patches_of(std::shared_ptr<const io::ShardSet> shards);
// The patches at these indices; patients and contours stay as they are.
PatchSet subset(const PatchSet& set, Indices indices);
// Throws io::DataError(InvalidShard) when the sets differ in size of patch, classes, labels or window.
void require_same_kind(const PatchSet& a, const PatchSet& b);
// One set after the other; a patient in both becomes one. Throws as require_same_kind.
PatchSet concatenate(std::span<const PatchSet> sets);

// At most `limit` ascending indices drawn without replacement, as evenly over the patients as their numbers of patches
// allow. limit <= 0: all.
Indices even_over_patients(const PatchSet& set, std::int64_t limit, std::uint64_t seed);
// Indices of each patient's patches, by patient index.
std::vector<Indices> by_patient(const PatchSet& set);

// Patches of pure noise of the size and window of another set: N(0,1) in the window's [-1,1], clipped, in whole HU:
// what a sampler starts from. Patch i depends on (seed, i) alone; class 0, one patient, empty masks.
PatchSet noise_like(const PatchSet& set, std::int64_t count, std::uint64_t seed);

// HU of any integer type to float32 in [-1,1]: the window's ends become -1 and 1, values beyond are clipped.
torch::Tensor windowed(const torch::Tensor& hu, const std::array<double, 2>& window_hu);
// The inverse, in whole HU: float32 of any shape to int16 on the CPU, as io::unwindow.
torch::Tensor unwindowed(const torch::Tensor& image, const std::array<double, 2>& window_hu);

// Guards against a leak: throws io::DataError(InvalidShard) when one pseudonym is in both sets, with how many are.
void require_disjoint_patients(const PatchSet& a, const PatchSet& b, const std::string& names);

}  // namespace ctforge::eval
