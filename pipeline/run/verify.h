// The verify command: whether what a run's folder holds is what its manifest recorded, and follows from what it was
// made of.
#pragma once

#include "pipeline/config/config.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Of one stage. Lines hold neither paths of the data nor identifiers.
struct StageVerdict {
  std::string stage;
  std::string state;                       // as the manifest has it: done, started, interrupted
  std::int64_t files = 0;                  // outputs whose contents are as recorded
  std::vector<std::string> discrepancies;  // what does not hold
  std::vector<std::string> notes;          // what could not be checked, and that another program made it
  nlohmann::ordered_json made_by;          // as the manifest has it
};

// Reads only, and takes no lock: a run may be under way. config: that of the run, where it is given; paths of the data,
// which the manifest does not record, are then checked too. The experiment's fractions below the run follow its own
// stages, each as "fraction 0.2: train". Throws io::DataError when there is no run.
std::vector<StageVerdict> verify(const std::filesystem::path& run, const std::optional<Config>& config);

bool holds(const std::vector<StageVerdict>& verdicts);
// Lines for people: one a stage, then its discrepancies and notes.
std::string verdict_text(const std::vector<StageVerdict>& verdicts);
nlohmann::ordered_json verdict_json(const std::vector<StageVerdict>& verdicts);

}  // namespace ctforge::pipeline
