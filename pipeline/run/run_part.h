// One part of a stage, done beside others: who did it, under which lock, and what is known of it while it works.
//
//   OUT/parts/STAGE-3-of-8.json           {"fingerprint", "made_by"}: for the manifest, until the stage is finished
//   OUT/parts/STAGE-3-of-8.events.jsonl   events of this part alone, and STAGE-3-of-8.progress.json
//   OUT/parts/.ctforge.STAGE-3-of-8.lock  held by the process that works on it
#pragma once

#include "pipeline/config/config.h"
#include "pipeline/run/context.h"

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Does one part of stage prepare, sample or evaluate, leaving neither a manifest entry nor the stage's results:
// run_stages does, later, taking what is there and doing what is missing. Any number of processes may do parts of one
// folder at a time, one each, and none anything else. Throws as run_stages does.
void run_part(const Config& config, const std::string& stage, const std::filesystem::path& out, const Part& part);

// Who worked on parts of a stage of this fingerprint, each once, as the manifest has it.
nlohmann::ordered_json part_makers(const std::filesystem::path& out, const std::string& stage,
                                   const std::string& fingerprint);
// The stage is done: what its parts left of themselves goes. Only for the holder of the folder's lock.
void forget_parts(const std::filesystem::path& out, const std::string& stage);

}  // namespace ctforge::pipeline
