// How far a stage has come, by what it leaves on disk on its way.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Of one stage that is not done. `settings`: the configuration as to_json has it, or null where it is not known.
//   done, total    how many of `unit` ("steps", "samples", "networks"); total null where not known
//   phase, loss, images_per_s, checkpoint {step, age_s}      of train
//   seconds_left   of the phase, at the last rate; changed_s  since the last sign of life
// Only what is known is there; an empty object for a stage that has left nothing, or that tells nothing on its way.
// What is unreadable, such as a line being written, is passed over.
nlohmann::ordered_json progress_of(const std::string& stage, const std::filesystem::path& out,
                                   const nlohmann::ordered_json& settings);

// Whether a stage has begun to write.
bool has_begun(const std::string& stage, const std::filesystem::path& out);

}  // namespace ctforge::pipeline
