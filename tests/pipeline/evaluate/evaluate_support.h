// What the tests of the evaluate stage share: a run's folder with shards of shapes, and a configuration of seconds.
#pragma once

#include "pipeline/evaluate/evaluate.h"
#include "pipeline/run/context.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::test {

// OUT/data with 8 train, 2 validation and 4 test patients of four patches and OUT/samples with 24 synthetic patches.
void write_run(const std::filesystem::path& out,
               const std::vector<std::string>& labels = {"background", "disc", "square"});
// In such a run the fraction 0.5: half of its training patients, the same held-out patients, and as many samples.
void write_half(const std::filesystem::path& out);
// The shards PREFIX-* of `count` patches of test::shapes, patients named NAME-0, NAME-1, ...
void write_shards(const std::filesystem::path& folder, const std::string& prefix, const std::string& name,
                  std::int64_t count, std::uint64_t seed, bool synthetic,
                  const std::vector<std::string>& labels = {"background", "disc", "square"});

// Empties the masks of a shard.
void blank_masks(const std::filesystem::path& shard);

// The small TorchScript extractor, no other; three steps a segmenter, two seeds.
pipeline::EvaluateConfig quick_evaluation();
pipeline::Context context_of(const std::filesystem::path& out);

}  // namespace ctforge::test
