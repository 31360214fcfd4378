// OpenPBS: directives, and a clock of our own, since PBS tells a job nothing before its time limit.
#include "pipeline/cluster/job_script.h"

#include <cmath>
#include <cstdio>

#include <version.h>

namespace ctforge::pipeline {

namespace {

constexpr const char* kPbsJob = R"({{first_line}}
# ctforge {{name}}: one job of a run, written by `ctforge submit` of ctforge {{version}}.
# Asked to stop (preemption, time limit), the program saves what it has done and leaves with 75; the next job of this
# stage goes on from there, likewise after it was killed or failed with 1. Its settings are frozen in config.yaml beside
# this file.
{{directives}}
set -euo pipefail

run={{run}}
exit_file=$run/jobs/exit/{{exit_name}}
cd {{working}}

{{watch}}
{{again}}{{refused}}
(
  trap 'kill "$nap"' TERM
  sleep {{run_s}} &  # of {{walltime}}
  nap=$!
  wait "$nap" && kill -s USR1 "$$"
) &
clock=$!
trap 'kill "$clock" 2>/dev/null || true' EXIT

# This job begins whatever became of the one before it: what failed for good there is not begun again.
code=0
if [[ -e $exit_file ]]; then read -r code <"$exit_file" || code=0; fi
if ((code != 0 && code != 75)) && ! again "{{exit_name}}"; then exit "$code"; fi

{{environment}}rm -f "$exit_file"
trap 'echo "$?" >"$exit_file" || true; kill "$clock" 2>/dev/null || true' EXIT

{{run_job}}exit "$code"
)";

std::string walltime(std::int64_t seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%02lld:%02d:%02d", static_cast<long long>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  return text;
}

std::int64_t limit_s(const ClusterConfig& cluster, const Job& job) {
  return walltime_seconds(job.stage == "train" ? cluster.train_time : cluster.time).value();
}

std::string selection(const ClusterConfig& cluster, const Job& job) {
  std::string text = "select=1:ncpus=" + std::to_string(job.processes * cluster.cpus);
  if (job.gpus > 0) text += ":ngpus=" + std::to_string(job.gpus);
  if (cluster.memory_gb > 0)
    text += ":mem=" + std::to_string(static_cast<std::int64_t>(std::ceil(cluster.memory_gb * 1024))) + "mb";
  return text + (cluster.constraint.empty() ? "" : ":" + cluster.constraint);
}

std::string pbs_directives(const ClusterConfig& cluster, const Job& job, const JobPlaces& places) {
  std::string lines;
  const auto add = [&lines](const std::string& option) { lines += "#PBS " + option + "\n"; };
  const std::string& queue = job.network || cluster.cpu_partition.empty() ? cluster.partition : cluster.cpu_partition;
  add("-N ctforge-" + job.name);
  add("-S /bin/bash");
  add("-j oe");
  add("-o " + directive_quoted((places.out / "jobs" / "logs").string() + "/"));
  if (!cluster.account.empty()) add("-A " + cluster.account);
  if (!queue.empty()) add("-q " + queue);
  add("-l " + selection(cluster, job));
  add("-l walltime=" + walltime(limit_s(cluster, job)));
  add("-r y");
  if (job.parts > 1)
    add("-J 1-" + std::to_string(job.parts) +
        (cluster.parts_at_once > 0 ? "%" + std::to_string(cluster.parts_at_once) : ""));
  if (!cluster.mail.empty()) {
    add("-M " + cluster.mail);
    add(job.stage == "report" ? "-m ae" : "-m a");
  }
  for (const std::string& directive : cluster.directives) add(directive);
  lines.pop_back();
  return lines;
}

}  // namespace

std::string pbs_script(const Config& config, const Job& job, const JobPlaces& places) {
  const bool array = job.parts > 1;
  const std::int64_t limit = limit_s(config.cluster, job);
  std::string command = program_words(config, places, job.gpus > 0) + " ";
  if (job.processes > 1) command += "launch -n " + std::to_string(job.processes) + " ";
  command += argument_words(config, job, places);
  if (array) command += " --part \"$PBS_ARRAY_INDEX/" + std::to_string(job.parts) + "\"";
  return filled(kPbsJob, {{"first_line", first_line(config.cluster)},
                          {"name", job.name},
                          {"version", kVersion},
                          {"directives", pbs_directives(config.cluster, job, places)},
                          {"run", shell_quoted(places.out)},
                          {"exit_name", exit_name(job, "$PBS_ARRAY_INDEX")},
                          {"working", shell_quoted(places.working)},
                          {"environment", environment_lines(config.cluster)},
                          {"watch", kWatchLines},
                          {"again", again_lines(config.cluster)},
                          {"run_job", run_lines(job, command, "$PBS_ARRAY_INDEX")},
                          {"run_s", std::to_string(limit - config.cluster.signal_lead_s)},
                          {"walltime", std::to_string(limit)},
                          {"refused", may_refuse(job) ? kRefusedLines : ""}});
}

}  // namespace ctforge::pipeline
