// Samples as shards on disk: which are there already, which are to be drawn, and what is to be recorded of them.
#pragma once

#include "pipeline/sample/draw.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Samples a shard.
inline constexpr std::int64_t kSamplesPerShard = 256;

// Draws config.count samples of the classes in class_sequence(proportions) into shards of `folder`, as run_sample
// documents, keeping those that are drawn, of context.part its shards alone; of a shard under way what was saved at an
// interruption, or before, as the context asks for. Removes samples.json and what other settings left there. Returns
// what samples.json is to hold. Throws Interrupted.
nlohmann::ordered_json write_samples(const SampleConfig& config, const Generator& generator, const diffusion::Net& net,
                                     std::uint64_t seed, const std::vector<double>& proportions,
                                     const std::filesystem::path& folder, const Context& context);

}  // namespace ctforge::pipeline
