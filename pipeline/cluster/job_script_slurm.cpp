// Slurm: directives, and the way back to the queue. Several processes of a training find each other by what srun tells
// them (pipeline/cluster/ranks.h).
#include "pipeline/cluster/job_script.h"

#include <cmath>

#include <version.h>

namespace ctforge::pipeline {

namespace {

constexpr const char* kSlurmJob = R"({{first_line}}
# ctforge {{name}}: one job of a run, written by `ctforge submit` of ctforge {{version}}.
# Asked to stop (preemption, requeue, time limit), the program saves what it has done and leaves with 75; this job then
# goes back to the queue and goes on from there, likewise a few times after it was killed or failed with 1. Its settings
# are frozen in config.yaml beside this file.
{{directives}}
set -euo pipefail

run={{run}}
job={{id}}
exit_file=$run/jobs/exit/{{exit_name}}
cd {{working}}

{{watch}}
{{again}}{{refused}}
{{environment}}rm -f "$exit_file"
trap 'echo "$?" >"$exit_file" || true' EXIT

{{run_job}}if ((code != 75)) && ! again "{{exit_name}}"; then exit "$code"; fi

# Back to the queue, unless Slurm itself takes this job there, or away for good.
trap - USR1 TERM INT EXIT
if ((${SLURM_RESTART_COUNT:-0} >= {{restarts}})); then
  say '{{name}}: stopped once more than cluster.restarts lets it go on ({{restarts}})'
  echo "$code" >"$exit_file" || true
  exit "$code"
fi
echo 75 >"$exit_file" || true
for _ in {1..60}; do
  state=$(squeue --noheader --jobs="$job" --format=%T 2>/dev/null) || state=unknown  # the controller may be restarting
  if [[ $state == RUNNING ]] && scontrol requeue "$job"; then
    sleep 600  # until Slurm ends this attempt
    exit "$code"
  fi
  if [[ $state != RUNNING && $state != unknown ]]; then break; fi
  sleep 10
done
exit "$code"
)";

std::string gigabytes(double value) { return std::to_string(static_cast<std::int64_t>(std::ceil(value * 1024))) + "M"; }

std::string doubled_percents(const std::string& text) {
  std::string doubled;
  for (const char c : text) doubled += c == '%' ? std::string("%%") : std::string(1, c);
  return doubled;
}

std::string slurm_directives(const ClusterConfig& cluster, const Job& job, const JobPlaces& places) {
  const bool array = job.parts > 1;
  std::string lines;
  const auto add = [&lines](const std::string& option) { lines += "#SBATCH " + option + "\n"; };
  const auto add_value = [&add](const std::string& option, const std::string& value) {
    if (!value.empty()) add(option + "=" + value);
  };
  const std::string log = doubled_percents(places.out / "jobs" / "logs") + (array ? "/%x-%A-%a.log" : "/%x-%j.log");
  add("--job-name=ctforge-" + job.name);
  add_value("--output", directive_quoted(log));
  add("--open-mode=append");
  add_value("--account", cluster.account);
  add_value("--partition", job.network || cluster.cpu_partition.empty() ? cluster.partition : cluster.cpu_partition);
  add_value("--qos", cluster.qos);
  if (!cluster.constraint.empty()) add_value("--constraint", directive_quoted(cluster.constraint));
  add("--nodes=" + std::to_string(job.nodes));
  add("--ntasks-per-node=" + std::to_string(job.processes));
  add("--cpus-per-task=" + std::to_string(cluster.cpus));
  if (job.gpus > 0)
    add("--gres=gpu:" + (cluster.gpu_type.empty() ? "" : cluster.gpu_type + ":") + std::to_string(job.gpus));
  if (cluster.memory_gb > 0) add("--mem=" + gigabytes(cluster.memory_gb));
  add("--time=" + (job.stage == "train" ? cluster.train_time : cluster.time));
  add("--signal=B:USR1@" + std::to_string(cluster.signal_lead_s));
  add("--requeue");
  add("--kill-on-invalid-dep=yes");
  if (array)
    add("--array=1-" + std::to_string(job.parts) +
        (cluster.parts_at_once > 0 ? "%" + std::to_string(cluster.parts_at_once) : ""));
  add_value("--mail-user", cluster.mail);
  if (!cluster.mail.empty()) add(job.stage == "report" ? "--mail-type=FAIL,END" : "--mail-type=FAIL");
  for (const std::string& directive : cluster.directives) add(directive);
  lines.pop_back();
  return lines;
}

}  // namespace

std::string slurm_script(const Config& config, const Job& job, const JobPlaces& places) {
  const bool array = job.parts > 1;
  // The job ID of an array's last task is that of the whole array.
  const std::string id = array ? "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" : "$SLURM_JOB_ID";
  std::string command = program_words(config, places, job.gpus > 0) + " " + argument_words(config, job, places);
  if (array) command += " --part \"$SLURM_ARRAY_TASK_ID/" + std::to_string(job.parts) + "\"";
  // As a step, also where it is one process: a job that is preempted with a grace time has its steps told, and not its
  // script. srun does not take the CPUs of a task from the job.
  command =
      "srun --mpi=none --kill-on-bad-exit=1 --cpus-per-task=" + std::to_string(config.cluster.cpus) + " " + command;
  return filled(kSlurmJob, {{"first_line", first_line(config.cluster)},
                            {"name", job.name},
                            {"version", kVersion},
                            {"directives", slurm_directives(config.cluster, job, places)},
                            {"run", shell_quoted(places.out)},
                            {"id", id},
                            {"exit_name", exit_name(job, "$SLURM_ARRAY_TASK_ID")},
                            {"working", shell_quoted(places.working)},
                            {"environment", environment_lines(config.cluster)},
                            {"watch", kWatchLines},
                            {"again", again_lines(config.cluster)},
                            {"run_job", run_lines(job, command, "$SLURM_ARRAY_TASK_ID")},
                            {"refused", may_refuse(job) ? kRefusedLines : ""},
                            {"restarts", std::to_string(config.cluster.restarts)}});
}

}  // namespace ctforge::pipeline
