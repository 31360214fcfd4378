// What every stage is given besides its own section of the configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace ctforge::pipeline {

// Settings that hold for the whole run: section `run`.
struct RunConfig;

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
  double save_every_s = 0;  // unfinished work is saved this often; 0: whenever it can be
};

// Thrown by a stage that stopped because it was asked to, after what it did is safe on disk: exit code 75.
struct Interrupted {
  std::string stage;
};

// What a stage leaves for the manifest: figures by name, as JSON-ready text.
using StageSummary = std::map<std::string, std::string>;

}  // namespace ctforge::pipeline
