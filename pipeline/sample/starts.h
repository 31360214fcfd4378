// Training patches that samples begin at, where sample.strength asks for variations of them.
#pragma once

#include "pipeline/sample/generator.h"
#include "pipeline/sample/sample.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace ctforge::pipeline {

// Of each sample a training patch of its class in the folder's data, chosen at random, moved by sample.movement and
// encoded; seed, index and class decide which and how. Patches of series in which a label was not contoured are passed
// over: their masks lack organs that are there. proportions: of the classes, those above 0 being drawn. The generator's
// codec is taken over. Throws io::DataError Unreadable where there is no training data, NothingUsable where a class has
// no such patch.
StartLatents patch_starts(const SampleConfig& config, const Generator& generator, const std::filesystem::path& data,
                          std::uint64_t seed, const std::vector<double>& proportions);

}  // namespace ctforge::pipeline
