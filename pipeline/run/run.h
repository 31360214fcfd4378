// Running stages: in order, each once, recorded in the manifest, resuming where an earlier attempt stopped.
#pragma once

#include "pipeline/cluster/ranks.h"
#include "pipeline/config/config.h"
#include "pipeline/run/context.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// The device that run.device names; with several processes, that of this one among those of its machine. Throws
// ConfigError when "cuda" is asked for and there is no usable GPU, or fewer than processes.
std::string resolve_device(const std::string& device, const Ranks& ranks = {});

// The processes that do the stages together, and which of them this is; a process on its own without a group.
struct Together {
  Ranks ranks;
  train::Group* group = nullptr;
};

// Runs the stages into `out`. A stage that the manifest says is done with the same fingerprint is not run again; one
// done with another is run anew, and what followed from it is forgotten. One process at a time owns the folder: a
// second throws ConfigError. Throws Interrupted when the stage was asked to stop, after recording the time it took, and
// io::DataError when what a stage builds on is missing or was not finished. Returns the number of series that prepare,
// if it was among the stages, refused: the others went on. The manifest leaves out paths of the data. The report alone
// needs no ownership: beside another process it shows how far that one is, and is not recorded; neither is one that is
// asked for with other settings than the run was made with.
//
// Together with other processes: train is done by all of them, sample and evaluate in parts by each and then finished
// by the first, and the rest by the first alone while the others wait. The first owns the folder and writes the
// manifest.
std::int64_t run_stages(const Config& config, const std::vector<std::string>& stages, const std::filesystem::path& out,
                        const Together& together = {});

// What can be known to be wrong with these stages before hours of work; throws ConfigError with all of it.
void check_stages(const Config& config, const std::vector<std::string>& stages);

// For work on a folder that is no stage: makes it, keeps others out of it, sets the number of threads and the device.
// Throws as run_stages does.
void work_in(const Config& config, const std::filesystem::path& out,
             const std::function<void(const Context& context)>& work, const Together& together = {});

// Likewise, for a holder of a lock on the folder, which is there.
void work_beside(const Config& config, const std::filesystem::path& out,
                 const std::function<void(const Context& context)>& work);

// Makes SIGINT, SIGTERM and SIGUSR1 ask the running stage to stop at its next safe point, and SIGXFSZ an error.
void catch_signals();
bool stop_requested();

}  // namespace ctforge::pipeline
