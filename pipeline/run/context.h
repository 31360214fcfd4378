// What every stage is given besides its own section of the configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>
namespace ctforge::train {
class Group;
}

namespace ctforge::pipeline {

// Settings that hold for the whole run: section `run`.
struct RunConfig;

// Every count-th of a stage's independent units of work, beginning with number `index`.
struct Part {
  std::int64_t index = 0, count = 1;
  bool has(std::int64_t unit) const { return unit % count == index; }
};

struct Context {
  std::filesystem::path out;   // the run's folder; exists
  std::uint64_t seed = 0;      // every stage derives its own streams with io::mix_seed(seed, stage constant)
  int threads = 0;             // CPU threads; at least 1
  std::string device = "cpu";  // "cpu" or "cuda"
  // True once SIGINT, SIGTERM or SIGUSR1 came: finish the step, keep what is done, throw Interrupted.
  std::function<bool()> interrupted = [] { return false; };
  // Progress of the running stage: part of total units done, with a short text ("step", "series").
  std::function<void(std::int64_t done, std::int64_t total, const std::string& text)> progress =
      [](std::int64_t, std::int64_t, const std::string&) {};
  // Tells whoever watches the run what happened; observer.h lists the events. Figures hold no identifier and no path.
  std::function<void(const std::string& event, const nlohmann::ordered_json& figures)> tell =
      [](const std::string&, const nlohmann::ordered_json&) {};
  // The processes that train together, and whether this is the one that writes, logs and shows progress. Not owned;
  // null where there is this one alone.
  train::Group* group = nullptr;
  bool leads = true;
  // Where sample and evaluate are shared out: do this part and leave no results. They are made of all parts by a
  // process that has none given.
  std::optional<Part> part;
  double save_every_s = 0;  // unfinished work is saved this often; 0: whenever it can be
};

// Thrown by a stage that stopped because it was asked to, after what it did is safe on disk: exit code 75.
struct Interrupted {
  std::string stage;
};

// What a stage leaves for the manifest: figures by name, as JSON-ready text.
using StageSummary = std::map<std::string, std::string>;

}  // namespace ctforge::pipeline
