// One machine without a scheduler: the jobs one after the other, the parts of one side by side.
#include "pipeline/cluster/job_script.h"

#include <algorithm>

#include <version.h>

namespace ctforge::pipeline {

namespace {

constexpr const char* kRun = R"({{first_line}}
# All stages of a run on this machine, written by `ctforge submit` of ctforge {{version}}. To start it out of sight:
#   nohup {{script}} >{{log}} 2>&1 &
# Asked to stop (kill), it saves what is done and leaves with 75: start it again to go on. The settings are frozen in
# config.yaml beside this file.
set -euo pipefail

run={{run}}
at_once={{at_once}}  # parts side by side
restarts={{restarts}}
cd {{working}}

{{watch}}
{{environment}}# Starts a command, or one for each of its parts, and waits; the worst exit code in $worst.
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
      if ((code != 0 && (worst == 0 || worst == 75))); then worst=$code; fi
    done
  done
}

# Runs a job to its end, however often something other than us interrupts it; ends everything when it fails.
run_job() { # NAME PARTS COMMAND...
  local name=$1 attempt
  shift
  rm -f "$run/jobs/exit/$name"
  for ((attempt = 0; attempt <= restarts; ++attempt)); do
    run_once "$@"
    if ((worst != 75)) || [[ -n $asked ]]; then break; fi
  done
  code=$worst
  if [[ -n $asked ]] && ((code > 128)); then code=75; fi
  {{refused}}
  echo "$code" >"$run/jobs/exit/$name"
  if ((code != 0)); then exit "$code"; fi
}

{{jobs}})";

// kRefusedLines within a function, for the one job that they are for.
std::string refused_lines() {
  std::string lines = "if [[ $name == prepare ]]; then\n    ";
  for (std::string text = kRefusedLines; const char c : text)
    lines += c == '\n' ? std::string("\n    ") : std::string(1, c);
  lines.erase(lines.find_last_not_of(' ') + 1);
  return lines + "  fi";
}

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
                       {"refused", refused_lines()},
                       {"jobs", lines}});
}

}  // namespace ctforge::pipeline
