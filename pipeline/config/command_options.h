// The commands and their options, as --help shows them.
#pragma once

#include "pipeline/cluster/status.h"
#include "pipeline/cluster/submit.h"
#include "pipeline/interchange/interchange.h"
#include "pipeline/prepare/inspect.h"
#include "pipeline/prepare/structures.h"
#include "pipeline/sample/filter.h"

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ctforge::pipeline {

struct Options {
  std::vector<std::filesystem::path> config;
  std::vector<std::string> assignments;
  std::string out = "ctforge-out";
  InspectConfig inspect;
  StructuresConfig structures;
  std::filesystem::path checkpoint, noise;  // of sample
  std::filesystem::path real, synthetic;    // of evaluate
  ExportConfig exported;
  std::string average = "yes";
  ImportConfig imported;
  std::string part;               // of sample and evaluate, as "2/8"
  std::string fraction;           // of run, prepare, train and sample, as "0.2"
  int processes = 2;              // of launch
  std::string archive;            // of push and pull
  std::filesystem::path to_push;  // empty: the run's samples
  FilterConfig filter;
  bool keep_copies = false, keep_labels = false;  // of filter
  bool allow_copies = false;                      // of push
  SubmitOptions submit;
  StatusOptions status;
  std::filesystem::path to_verify;
  bool verify_json = false;
};

// The commands that several processes can do together.
inline constexpr const char* kLaunched = "run, train, sample and evaluate";

// Adds every command, whose options are read into `options`, which must outlive the parsing.
void add_commands(CLI::App& app, Options& options);

}  // namespace ctforge::pipeline
