// The whole configuration: one section a stage, read and checked in full before any work starts.
#pragma once

#include "pipeline/cluster/cluster.h"
#include "pipeline/config/config_visitors.h"
#include "pipeline/config/model.h"
#include "pipeline/evaluate/evaluate.h"
#include "pipeline/network/pull.h"
#include "pipeline/network/push.h"
#include "pipeline/prepare/phantom.h"
#include "pipeline/prepare/prepare.h"
#include "pipeline/report/report.h"
#include "pipeline/run/sweep.h"
#include "pipeline/sample/release_config.h"
#include "pipeline/sample/sample.h"
#include "pipeline/train/train.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

inline const std::vector<std::string> kStages = {"phantom", "prepare", "train", "sample", "evaluate", "report"};

// Section `run`: what holds for all stages.
struct RunConfig {
  std::vector<std::string> stages = {"prepare", "train", "sample", "evaluate", "report"};
  std::int64_t seed = 1;        // every random choice of the run derives from it
  std::int64_t threads = 0;     // 0: as many as the process may use
  std::string device = "auto";  // auto: cuda when there is a usable GPU, else cpu
  std::string name;             // empty: a hash of the folder's path
  bool tensorboard = true;
  std::string prometheus;  // empty: none
  bool deterministic = false;
  double save_every_s = 60;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("stages", stages, "the stages of `ctforge run`, in order", OneOf{kStages});
    visit("seed", seed, "every random choice of the run derives from it", Range{0, 9e15});
    visit("threads", threads, "CPU threads; 0: as many as the process may use", Range{0, 4096});
    visit("device", device, "where networks run", OneOf{{"auto", "cpu", "cuda"}});
    visit("name", name,
          "what events.jsonl, progress.json and Prometheus call the run, so nothing secret; empty: a hash of the "
          "folder's path");
    visit("tensorboard", tensorboard, "whether to write tensorboard/ beside metrics.jsonl");
    visit("prometheus", prometheus,
          "file NAME.prom for node_exporter's textfile collector, rewritten each 15 s; one for each run at a time; "
          "empty: none");
    visit(
        "deterministic", deterministic,
        "refuse what would not give the same bits again: operations without a deterministic kernel, and going on with "
        "a stage that was begun on another kind of machine, number of threads or program");
    visit("save_every_s", save_every_s,
          "unfinished work of prepare, sample and evaluate is saved this often, seconds; 0: whenever it can be. An "
          "interruption saves it too",
          Range{0, 1e6});
  }
};

struct Config {
  RunConfig run;
  PhantomConfig phantom;
  PrepareConfig prepare;
  ModelConfig model;
  TrainConfig train;
  SampleConfig sample;
  ReleaseConfig release;
  EvaluateConfig evaluate;
  ReportConfig report;
  SweepConfig sweep;
  PushConfig push;
  PullConfig pull;
  ClusterConfig cluster;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit.section("run", run);
    visit.section("phantom", phantom);
    visit.section("prepare", prepare);
    visit.section("model", model);
    visit.section("train", train);
    visit.section("sample", sample);
    visit.section("release", release);
    visit.section("evaluate", evaluate);
    visit.section("report", report);
    visit.section("sweep", sweep);
    visit.section("push", push);
    visit.section("pull", pull);
    visit.section("cluster", cluster);
  }
};

// Reads the files, each over those before it (none: all defaults), puts the --set assignments over them and checks
// everything. Throws ConfigError with all problems.
Config read_config(const std::vector<std::filesystem::path>& files, const std::vector<std::string>& assignments);
// Every key with its value, in the order of the sections.
nlohmann::ordered_json to_json(const Config& config);
// The same as a configuration file, which reads as this very configuration.
std::string to_yaml(const Config& config);
// A setting's value as a log, a file or a file's name may tell it: paths of data may hold patients' names.
std::string shown_value(const std::string& key, const std::string& value);
// What stands in its place.
inline constexpr const char* kHiddenPath = "(a path, not recorded)";
// The same as to_json without their values, and without what is no part of a run: `push`, `pull`, `cluster`.
nlohmann::ordered_json to_json_without_paths(const Config& config);
// The keys of some sections with defaults, meaning and limits, for --help.
std::string describe_config(const std::vector<std::string>& sections);

}  // namespace ctforge::pipeline
