// What the scripts for all schedulers have in common.
#include "pipeline/cluster/job_script.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace ctforge::pipeline {

namespace {

bool is_plain(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c < 128 && std::isalnum(c) != 0) || std::string_view("_./:=@%+,-").find(static_cast<char>(c)) < 11;
  });
}

}  // namespace

const char* const kWatchLines =
    R"(say() { echo "ctforge $*" >&2 || true; } # a full disk of the log is no reason to end

# What asks this job to stop is handed on: ctforge then saves what it has done and leaves with 75.
children=()
asked=
hand_on() {
  asked=1
  if ((${#children[@]})); then kill -s USR1 "${children[@]}" 2>/dev/null || true; fi
}
trap hand_on USR1 TERM INT

# The exit code of a child in $code. A signal ends wait, not the child.
wait_for() {
  while kill -0 "$1" 2>/dev/null; do wait "$1" || true; done
  code=0
  wait "$1" || code=$?
}
)";

const char* const kRefusedLines = R"(# 3 with a result: done, without series that were refused.
forgive_refused() {
  if ((code == 3)) && [[ -e $run/data/prepare.json ]]; then
    say 'prepare: some series were refused, the run goes on without them: data/inventory.json says why'
    code=0
  fi
}
)";

bool may_refuse(const Job& job) { return job.stage == "prepare" && job.fraction.empty(); }

namespace {

constexpr const char* kRunLines =
    R"({{lock}}
if ((code != 75)); then
  {{command}} &
  children=("$!")
  if [[ -n $asked ]]; then hand_on; fi  # came before there was somebody to hand it to
  wait_for "${children[0]}"
  {{forgive}}# Interrupted by USR1 or TERM before the program listened, or it did not stop in time.
  if ((code == 138 || code == 143)) || { [[ -n $asked ]] && ((code > 128)); }; then code=75; fi
  if ((code == 0 || code == 75)); then went_well "{{exit_name}}"; fi
fi
)";

constexpr const char* kAgainLines =
    R"BASH(# Whether to try once more what was killed or failed with 1 (a full disk, a faulty node), after a while.
# Each time in a row leaves an empty file, for which a full disk has room.
again() { # NAME
  local mark=$run/jobs/exit/retries-$1 count=0 ended=$code pause
  if ((ended != 1 && ended <= 128)); then return 1; fi
  while [[ -e $mark.$((count + 1)) ]]; do ((++count)); done
  if ((count >= {{retries}})) || ! touch "$mark.$((count + 1))"; then
    say "$1: ended with $ended; cluster.retries ({{retries}}) lets it try no more"
    return 1
  fi
  pause=$((count < 5 ? 60 << count : 1800))
  say "$1: ended with $ended; is tried again in $pause s, $((count + 1)) of {{retries}} times (cluster.retries)"
  if [[ -n $asked ]]; then return; fi
  sleep "$pause" &
  children=("$!")
  wait_for "${children[0]}"
  code=$ended
}
went_well() { rm -f "$run/jobs/exit/retries-$1".*; } # NAME
)BASH";

constexpr const char* kLockLines =
    R"BASH(# An attempt before this one may still be ending on a node that the scheduler has lost sight of.
await() { # LOCK OPTION...
  if [[ ! -e $1 ]]; then return; fi
  flock --conflict-exit-code 75 --wait 600 "${@:2}" "$1" true &
  children=("$!")
  if [[ -n $asked ]]; then hand_on; fi
  wait_for "${children[0]}"
}
code=0
await "{{folder}}/.ctforge.lock"{{part}}
if [[ -n $asked ]]; then
  code=75
elif ((code == 75)); then
  say '{{name}}: the folder has been in use for ten minutes: something works in it that the scheduler does not know of'
fi
)BASH";

}  // namespace

std::string shell_quoted(const std::string& text) {
  if (is_plain(text)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string(R"('\'')") : std::string(1, c);
  return quoted + "'";
}

std::string directive_quoted(const std::string& text) {
  for (const unsigned char c : text)
    if (c < ' ' || c == 127 || c == '"' || c == '\\') throw std::invalid_argument("no value of a directive");
  return is_plain(text) ? text : '"' + text + '"';
}

std::string filled(std::string text, const std::vector<std::pair<std::string, std::string>>& values) {
  // In one pass, so that no value is searched for names.
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = std::min(text.find("{{", at), text.size());
    result += text.substr(at, open - at);
    if (open == text.size()) break;
    const std::size_t close = text.find("}}", open);
    const std::string name = text.substr(open + 2, close - open - 2);
    const auto value = std::find_if(values.begin(), values.end(), [&](const auto& pair) { return pair.first == name; });
    if (close == std::string::npos || value == values.end()) throw std::invalid_argument("no value for " + name);
    result += value->second;
    at = close + 2;
  }
  return result;
}

std::string program_words(const Config& config, const JobPlaces& places, bool gpus) {
  const ClusterConfig& cluster = config.cluster;
  if (cluster.container.empty()) return shell_quoted(places.program);
  std::string words = cluster.container_engine + " exec" + (gpus ? " --nv" : "");
  std::vector<std::string> binds = {places.out, places.working};
  binds.insert(binds.end(), cluster.binds.begin(), cluster.binds.end());
  for (const std::string& bind : binds) words += " --bind " + shell_quoted(bind);
  return words + " --pwd " + shell_quoted(places.working) + " " + shell_quoted(cluster.container) + " " +
         shell_quoted(places.program);
}

std::string argument_words(const Config& config, const Job& job, const JobPlaces& places) {
  std::string words = job.stage + " --config " + shell_quoted(places.out / "jobs" / "config.yaml") + " --out " +
                      shell_quoted(places.out);
  if (!job.fraction.empty()) words += " --fraction " + job.fraction;
  if (config.run.threads == 0) words += " --threads " + std::to_string(config.cluster.cpus);
  // A node whose GPU does not work must not train on its CPU for days.
  if (job.gpus > 0 && config.run.device == "auto") words += " --device cuda";
  return words;
}

std::string environment_lines(const ClusterConfig& cluster) {
  if (cluster.modules.empty() && cluster.setup.empty()) return "";
  std::string lines = "# Modules and scripts of the site may use unset variables.\nset +u\n";
  if (!cluster.modules.empty()) {
    lines += "module load";
    for (const std::string& module : cluster.modules) lines += " " + shell_quoted(module);
    lines += "\n";
  }
  for (const std::string& line : cluster.setup) lines += line + "\n";
  return lines + "set -u\n\n";
}

std::string lock_lines(const Job& job, const std::string& index) {
  const std::string folder = "$run" + (job.fraction.empty() ? "" : "/fractions/" + job.fraction);
  std::string part;
  if (job.parts > 1)
    part = " --shared\nif ((code != 75)); then await \"" + folder + "/parts/.ctforge." + job.stage + "-" + index +
           "-of-" + std::to_string(job.parts) + ".lock\"; fi";
  return filled(kLockLines, {{"folder", folder}, {"part", part}, {"name", job.name}});
}

std::string exit_name(const Job& job, const std::string& index) {
  return job.name + (job.parts > 1 ? "-" + index : "");
}

std::string run_lines(const Job& job, const std::string& command, const std::string& index) {
  return filled(kRunLines, {{"lock", lock_lines(job, index)},
                            {"command", command},
                            {"exit_name", exit_name(job, index)},
                            {"forgive", may_refuse(job) ? "forgive_refused\n  " : ""}});
}

std::string again_lines(const ClusterConfig& cluster) {
  return filled(kAgainLines, {{"retries", std::to_string(cluster.retries)}});
}

std::string first_line(const ClusterConfig& cluster) {
  return cluster.modules.empty() ? "#!/bin/bash" : "#!/bin/bash -l";
}

}  // namespace ctforge::pipeline
