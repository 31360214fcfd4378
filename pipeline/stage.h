// The stages of a run: what each builds on and leaves.
#pragma once

#include "pipeline/config.h"
#include "pipeline/context.h"

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

// Hash of a stage's configuration, the run's seed and everything the stage builds on: the same hash, the same result.
std::string fingerprint(const Config& config, const std::string& stage);

}  // namespace ctforge::pipeline
