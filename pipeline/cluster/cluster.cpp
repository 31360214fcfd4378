// What may be said to a scheduler, and what of it would do nothing there.
#include "pipeline/cluster/cluster.h"

#include "pipeline/config/config.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/prepare/prepare_parts.h"
#include "pipeline/sample/sample_shards.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <tuple>

namespace ctforge::pipeline {

namespace {

// Slurm may signal up to this much earlier than asked (sbatch --signal).
constexpr std::int64_t kEarlier_s = 60;

struct Problems {
  std::vector<ConfigProblem> all;
  void refuse_if(bool wrong, const std::string& key, const std::string& message) {
    if (wrong) all.push_back({"configuration", "cluster." + key, message});
  }
};

bool only_of(const std::string& text, const char* further) {
  return std::all_of(text.begin(), text.end(), [further](unsigned char c) {
    return (c < 128 && std::isalnum(c) != 0) ||
           std::string_view(further).find(static_cast<char>(c)) < std::string::npos;
  });
}

bool is_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; });
}

// Nothing of these may end a directive or begin a word of the shell.
void check_words(const ClusterConfig& cluster, Problems& problems) {
  const std::string words = "has a character that no such name has";
  problems.refuse_if(!only_of(cluster.account, "._+@/-"), "account", words);
  problems.refuse_if(!only_of(cluster.partition, "._+@/,-"), "partition", words);
  problems.refuse_if(!only_of(cluster.cpu_partition, "._+@/,-"), "cpu_partition", words);
  problems.refuse_if(!only_of(cluster.qos, "._+@/-"), "qos", words);
  problems.refuse_if(!only_of(cluster.gpu_type, "._+-"), "gpu_type", words);
  problems.refuse_if(!only_of(cluster.constraint, "._+@/&|!*,:=()[]-"), "constraint", words);
  problems.refuse_if(!only_of(cluster.mail, "._+@-"), "mail", "is no address of electronic mail");
  for (const std::string& module : cluster.modules)
    problems.refuse_if(module.empty() || module.starts_with('-') || !only_of(module, "._+@/=:-"), "modules",
                       "'" + module + "' is no name of a module");
  for (const std::string& line : cluster.setup)
    problems.refuse_if(!is_line(line), "setup", "a line has a control character; give each line on its own");
  for (const std::string& directive : cluster.directives)
    problems.refuse_if(!directive.starts_with('-') || !is_line(directive), "directives",
                       "expected an option that begins with '-', found '" + directive + "'");
  for (const std::string& bind : cluster.binds)
    problems.refuse_if(!bind.starts_with('/') || !is_line(bind) || bind.find(',') < bind.size(), "binds",
                       "expected a path that begins with '/' and has no comma, found '" + bind + "'");
  for (const auto& [key, path] : {std::pair{"container", cluster.container}, std::pair{"program", cluster.program}})
    problems.refuse_if(!path.empty() && (!path.starts_with('/') || !is_line(path)), key,
                       "expected a path that begins with '/'");
}

void check_times(const ClusterConfig& cluster, Problems& problems) {
  for (const auto& [key, text] : {std::pair{"train_time", cluster.train_time}, std::pair{"time", cluster.time}}) {
    const auto seconds = walltime_seconds(text);
    problems.refuse_if(!seconds, key, "expected [D-]HH:MM:SS, as 1-00:00:00 for a day; found '" + text + "'");
    problems.refuse_if(seconds && *seconds <= cluster.signal_lead_s + kEarlier_s, key,
                       "must be more than a minute above cluster.signal_lead_s: a job would be told to stop as soon as "
                       "it begins");
  }
}

// Settings that would do nothing with this scheduler: somebody expects something of them.
void check_idle(const ClusterConfig& cluster, Problems& problems) {
  const ClusterConfig plain;
  const bool slurm = cluster.scheduler == "slurm", pbs = cluster.scheduler == "pbs", none = cluster.scheduler == "none";
  for (const auto& [key, given, used, by] :
       {std::tuple{"account", !cluster.account.empty(), !none, "slurm or pbs"},
        std::tuple{"partition", !cluster.partition.empty(), !none, "slurm or pbs"},
        std::tuple{"cpu_partition", !cluster.cpu_partition.empty(), !none, "slurm or pbs"},
        std::tuple{"qos", !cluster.qos.empty(), slurm, "slurm"},
        std::tuple{"constraint", !cluster.constraint.empty(), !none, "slurm or pbs"},
        std::tuple{"nodes", cluster.nodes != 1, slurm, "slurm"},
        std::tuple{"gpu_type", !cluster.gpu_type.empty(), slurm, "slurm; pbs: cluster.constraint"},
        std::tuple{"memory_gb", cluster.memory_gb != 0, !none, "slurm or pbs"},
        std::tuple{"train_time", cluster.train_time != plain.train_time, !none, "slurm or pbs"},
        std::tuple{"time", cluster.time != plain.time, !none, "slurm or pbs"},
        std::tuple{"signal_lead_s", cluster.signal_lead_s != plain.signal_lead_s, !none, "slurm or pbs"},
        std::tuple{"restarts", cluster.restarts != plain.restarts, !pbs, "slurm or none; pbs: cluster.attempts"},
        std::tuple{"retries", cluster.retries != plain.retries, !pbs || cluster.attempts > 1,
                   "slurm or none; pbs: with cluster.attempts above 1"},
        std::tuple{"attempts", cluster.attempts != plain.attempts, pbs, "pbs"},
        std::tuple{"directives", !cluster.directives.empty(), !none, "slurm or pbs"},
        std::tuple{"mail", !cluster.mail.empty(), !none, "slurm or pbs"}})
    problems.refuse_if(given && !used, key, std::string("would do nothing: it is for cluster.scheduler ") + by);
  problems.refuse_if(cluster.container.empty() && !cluster.binds.empty(), "binds",
                     "would do nothing: it is for cluster.container");
  problems.refuse_if(cluster.container.empty() && cluster.container_engine != plain.container_engine,
                     "container_engine", "would do nothing: it is for cluster.container");
  problems.refuse_if(cluster.gpus == 0 && !cluster.gpu_type.empty(), "gpu_type",
                     "would do nothing where cluster.gpus is 0");
  problems.refuse_if(cluster.parts_at_once > 0 && cluster.prepare_parts == 1 && cluster.sample_parts == 1 &&
                         cluster.evaluate_parts == 1,
                     "parts_at_once", "would do nothing: no stage has parts");
}

// What the stages have to share out.
void check_parts(const Config& config, Problems& problems) {
  const ClusterConfig& cluster = config.cluster;
  if (cluster.prepare_parts > 1) {
    gather_problems(problems.all, [&] { check_prepare_parts(config.prepare); });
    // Of fractions alone: what is wrong with the whole has been told.
    const auto fractions = fractions_to_make(config);
    if (problems.all.empty() && !fractions.empty())
      gather_problems(problems.all, [&] { check_prepare_parts(fraction_config(config, fractions[0]).prepare); });
  }
  const std::int64_t shards = (config.sample.count + kSamplesPerShard - 1) / kSamplesPerShard;
  problems.refuse_if(cluster.sample_parts > shards, "sample_parts",
                     "is more than the " + std::to_string(shards) + " shards that sample.count makes");
  const auto& experiment = config.evaluate.downstream;
  const std::int64_t cells = experiment.enabled ? std::ssize(cells_of(experiment)) : 1;
  problems.refuse_if(cluster.evaluate_parts > cells, "evaluate_parts",
                     "is more than the " + std::to_string(cells) + " networks of the experiment");
}

}  // namespace

std::optional<std::int64_t> walltime_seconds(const std::string& text) {
  static const std::regex form("(?:([0-9]{1,3})-)?([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])");
  std::smatch parts;
  if (!std::regex_match(text, parts, form)) return std::nullopt;
  std::int64_t seconds = parts[1].matched ? std::stoll(parts[1]) * 86400 : 0;
  return seconds + std::stoll(parts[2]) * 3600 + std::stoll(parts[3]) * 60 + std::stoll(parts[4]);
}

void check_cluster(const Config& config) {
  const ClusterConfig& cluster = config.cluster;
  Problems problems;
  check_words(cluster, problems);
  check_idle(cluster, problems);
  if (cluster.scheduler != "none") check_times(cluster, problems);
  check_parts(config, problems);
  problems.refuse_if(cluster.gpus > 0 && config.run.device == "cpu", "gpus", "must be 0 where run.device is cpu");
  problems.refuse_if(cluster.gpus == 0 && config.run.device == "cuda", "gpus",
                     "must not be 0 where run.device is cuda");
  if (!problems.all.empty()) throw ConfigError(std::move(problems.all));
}

}  // namespace ctforge::pipeline
