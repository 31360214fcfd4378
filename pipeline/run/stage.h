// The stages of a run: what each builds on and leaves.
#pragma once

#include "pipeline/config/config.h"
#include "pipeline/run/context.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// What another stage makes. It removes last_file first and writes it last: without that file, the folder is half made.
struct StageNeed {
  std::string stage;
  std::string last_file;  // below the run's folder
  bool always = true;     // false: the folder may be missing altogether
};

// What the processes of a group do of a stage.
enum class Sharing {
  First,  // the first does it, the others wait
  Steps,  // all do it together
  Parts,  // each its part, then the first makes the results of them
};

struct Stage {
  std::string name;
  std::function<nlohmann::ordered_json(const Config&, const Context&)> run;
  std::vector<std::string> outputs;  // files and folders it leaves below the run's folder
  std::vector<StageNeed> needs;
  // Files without which its result does not count; they go when what they were made of is made anew.
  std::vector<std::string> results = {};
  // Whether what it reads from outside the run's folder has changed since it was done, with this summary.
  std::function<bool(const Config&, const std::filesystem::path& out, const nlohmann::ordered_json& summary)> outdated =
      {};
  Sharing sharing = Sharing::First;
};

// In the order in which they are run.
const std::vector<Stage>& all_stages();
// Throws std::invalid_argument for a name that is none.
const Stage& stage_named(const std::string& name);

// Throws io::DataError when what the stage builds on is not in the run's folder or was not finished.
void check_needs(const Stage& stage, const Config& config, const std::filesystem::path& out);

// What of the whole configuration, as JSON, a stage's result depends on: its section, and others where they matter.
nlohmann::ordered_json settings_of_stage(const nlohmann::ordered_json& configuration, const std::string& stage);

// What a stage's result follows from.
struct StageIdentity {
  std::string builds_on;        // fingerprint of the stage before it; the run's seed where it is the first
  std::string settings_sha256;  // of its section of the configuration, paths included
  std::string fingerprint;      // of both: the same fingerprint, the same result
};
StageIdentity identity_of(const Config& config, const std::string& stage);
// The fingerprint alone.
std::string fingerprint(const Config& config, const std::string& stage);
// The parts of an identity as one hash.
std::string combined_fingerprint(const std::string& stage, const std::string& builds_on,
                                 const std::string& settings_sha256);
// Of a section as JSON.
std::string settings_sha256(const nlohmann::ordered_json& section);

}  // namespace ctforge::pipeline
