// One machine without a scheduler: the jobs one after the other, the parts of one side by side.
#include "pipeline/cluster/job_script.h"

#include <algorithm>

#include <version.h>

namespace ctforge::pipeline {

namespace {

constexpr const char* kRun = R"({{first_line}}
# All stages of a run on this machine, written by `ctforge submit` of ctforge {{version}}. To start it out of sight:
#   nohup {{script}} >{{log}} 2>&1 &
# Asked to stop (kill), it saves what is done and leaves with 75: start it again to go on. What is killed or fails with
# 1 is tried again a few times. The settings are frozen in config.yaml beside this file.
set -euo pipefail

run={{run}}
at_once={{at_once}}  # parts side by side
restarts={{restarts}}
cd {{working}}

{{watch}}
{{again}}{{refused}}
{{environment}}# Starts a command, or one for each of its parts, and waits; the worst exit code in $worst, where those
# come first that somebody has to mend.
run_once() { # PARTS COMMAND...
  local parts=$1 part=1 worker child
  shift
  worst=0
  while ((part <= parts && worst == 0)); do
    children=()
    for ((worker = 0; worker < at_once && part <= parts; ++worker, ++part)); do
      if ((parts == 1)); then
        "$@" &
      else
        {{one_gpu}}"$@" --part "$part/$parts" &
      fi
      children+=("$!")
    done
    if [[ -n $asked ]]; then hand_on; fi
    for child in "${children[@]}"; do
      wait_for "$child"
      if ((code != 0 && (worst == 0 || worst == 75 || code == 2 || code == 3))); then worst=$code; fi
    done
  done
}

# Runs a job to its end, however often something other than us interrupts it; ends everything when it fails.
run_job() { # NAME PARTS COMMAND...
  local name=$1 stops=0
  shift
  rm -f "$run/jobs/exit/$name"
  went_well "$name"
  code=75
  while [[ -z $asked ]]; do
    run_once "$@"
    code=$worst
    if [[ $name == prepare ]]; then forgive_refused; fi
    if ((code == 75)); then
      went_well "$name"
      if ((++stops > restarts)); then break; fi
    elif [[ -n $asked ]] || ! again "$name"; then
      break
    fi
  done
  if [[ -n $asked ]] && ((code > 128)); then code=75; fi
  echo "$code" >"$run/jobs/exit/$name" || true
  if ((code != 0)); then exit "$code"; fi
  went_well "$name"
}

{{jobs}})";

std::string job_line(const Config& config, const Job& job, const JobPlaces& places) {
  std::string command = program_words(config, places, job.gpus > 0) + " ";
  if (job.processes > 1) command += "launch -n " + std::to_string(job.processes) + " ";
  return "run_job " + job.name + " " + std::to_string(job.parts) + " " + command + argument_words(config, job, places) +
         "\n";
}

}  // namespace

std::string workstation_script(const Config& config, const std::vector<Job>& jobs, const JobPlaces& places) {
  const ClusterConfig& cluster = config.cluster;
  const std::int64_t at_once =
      cluster.parts_at_once > 0 ? cluster.parts_at_once : std::max<std::int64_t>(1, cluster.gpus);
  std::string lines;
  for (const Job& job : jobs) lines += job_line(config, job, places);
  const std::string one_gpu =
      cluster.gpus > 0 ? "CUDA_VISIBLE_DEVICES=$((worker % " + std::to_string(cluster.gpus) + ")) " : "";
  return filled(kRun, {{"first_line", first_line(cluster)},
                       {"version", kVersion},
                       {"script", shell_quoted(places.out / "jobs" / "run.sh")},
                       {"log", shell_quoted(places.out / "jobs" / "logs" / "run.log")},
                       {"run", shell_quoted(places.out)},
                       {"at_once", std::to_string(at_once)},
                       {"restarts", std::to_string(cluster.restarts)},
                       {"working", shell_quoted(places.working)},
                       {"watch", kWatchLines},
                       {"environment", environment_lines(cluster)},
                       {"one_gpu", one_gpu},
                       {"again", again_lines(cluster)},
                       {"refused", kRefusedLines},
                       {"jobs", lines}});
}

}  // namespace ctforge::pipeline
