// Section `cluster`: what `submit` asks a scheduler for, and what a node needs before the program runs.
#pragma once

#include "pipeline/config/fields.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ctforge::pipeline {

struct Config;

// Section `cluster`. No part of what a run is: the same run may be submitted with others.
struct ClusterConfig {
  std::string scheduler = "slurm";
  std::string account;
  std::string partition;
  std::string cpu_partition;
  std::string qos;
  std::string constraint;
  std::int64_t nodes = 1;
  std::int64_t gpus = 1;
  std::string gpu_type;
  std::int64_t processes = 0;
  std::int64_t cpus = 4;
  double memory_gb = 0;
  std::string train_time = "1-00:00:00";
  std::string time = "08:00:00";
  std::int64_t prepare_parts = 1;
  std::int64_t sample_parts = 1;
  std::int64_t evaluate_parts = 1;
  std::int64_t parts_at_once = 0;
  std::int64_t signal_lead_s = 120;
  std::int64_t restarts = 50;
  std::int64_t retries = 2;
  std::int64_t attempts = 3;
  std::string program;
  std::string container;
  std::string container_engine = "apptainer";
  std::vector<std::string> binds;
  std::vector<std::string> modules;
  std::vector<std::string> setup;
  std::vector<std::string> directives;
  std::string mail;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("scheduler", scheduler, "slurm; pbs: OpenPBS and PBS Professional; none: a script for one machine",
          OneOf{{"slurm", "pbs", "none"}});
    visit("account", account, "account that pays; empty: the site's default");
    visit("partition", partition, "partition or queue; empty: the site's default");
    visit("cpu_partition", cpu_partition, "of the jobs without a GPU: phantom, prepare, report; empty: the same");
    visit("qos", qos, "slurm: quality of service");
    visit("constraint", constraint, "features that the nodes must have, in the scheduler's own words");
    visit("nodes", nodes, "slurm: nodes of the training", Range{1, 4096});
    visit("gpus", gpus, "GPUs a node of the training; the others that run networks take one; 0: none", Range{0, 64});
    visit("gpu_type", gpu_type, "slurm: kind of GPU as the site calls it; empty: any");
    visit("processes", processes, "processes a node of the training; 0: one a GPU, or one without", Range{0, 256});
    visit("cpus", cpus, "CPUs a process, and its threads unless run.threads says otherwise", Range{1, 4096});
    visit("memory_gb", memory_gb, "memory a node, GB; 0: the site's default", Range{0, 1e5});
    visit("train_time", train_time, "time limit of the training until it goes back to the queue, [D-]HH:MM:SS");
    visit("time", time, "likewise of every other job");
    visit("prepare_parts", prepare_parts,
          "jobs of an array that the archive is prepared by, each its share of the folders (prepare.part_depth)",
          Range{1, 10000});
    visit("sample_parts", sample_parts, "jobs of an array that the samples are drawn by; whole shards go to each",
          Range{1, 10000});
    visit("evaluate_parts", evaluate_parts, "jobs of an array that the networks of the experiment are trained by",
          Range{1, 10000});
    visit("parts_at_once", parts_at_once,
          "most jobs of an array that run at once; 0: as many as the scheduler lets (none: one a GPU)",
          Range{0, 10000});
    visit("signal_lead_s", signal_lead_s, "time before its limit that a job is told to save and stop, seconds",
          Range{10, 86400});
    visit("restarts", restarts, "slurm, none: most times that one job goes on after it had to stop", Range{0, 10000});
    visit(
        "retries", retries,
        "times in a row that a job which was killed or failed with 1 goes back to the queue by itself, after a minute, "
        "then two, and so on (pbs: within cluster.attempts)",
        Range{0, 100});
    visit("attempts", attempts,
          "pbs, which lets no user requeue a job: how many jobs a stage has, each going on where the one before it had "
          "to stop",
          Range{1, 100});
    visit("program", program, "path of ctforge on the nodes; empty: that of this one, or ctforge in the container");
    visit("container", container, "Apptainer image that the program runs in; empty: none");
    visit("container_engine", container_engine, "the command that runs the image", OneOf{{"apptainer", "singularity"}});
    visit("binds", binds, "FOLDER or FOLDER:PLACE that the container sees besides --out and the working folder");
    visit("modules", modules, "environment modules to load");
    visit("setup", setup, "lines of bash before the program starts");
    visit("directives", directives, "further options of every job, as \"--exclusive\"");
    visit("mail", mail, "address that the scheduler writes to when a job fails and when the last one ends");
  }
};

// Seconds of a time limit [D-]HH:MM:SS; nothing for another text.
std::optional<std::int64_t> walltime_seconds(const std::string& text);

// Throws ConfigError, listing all of them, for settings that cannot be put into a job, contradict each other or the
// stages, or would do nothing.
void check_cluster(const Config& config);

}  // namespace ctforge::pipeline
