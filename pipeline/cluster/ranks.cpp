// Environment variables to ranks.
#include "pipeline/cluster/ranks.h"

#include "pipeline/config/config_tree.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

namespace ctforge::pipeline {

namespace {

constexpr int kFirstPort = 15000, kPorts = 17000;  // below those that systems give out themselves

class Reader {
 public:
  explicit Reader(const Variables& variables) : variables_(variables) {}

  std::string text(const char* name) const {
    const char* value = variables_(name);
    return value != nullptr ? value : "";
  }
  bool has(const char* name) const { return !text(name).empty(); }

  int number(const char* name, int least, int most) const {
    const std::string value = text(name);
    int result = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, result);
    if (parsed.ec != std::errc() || parsed.ptr != end || result < least || result > most)
      throw ConfigError({{"the environment", name,
                          "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                              ", found '" + value + "'"}});
    return result;
  }
  int number(const char* name, int least, int most, int otherwise) const {
    return has(name) ? number(name, least, most) : otherwise;
  }

 private:
  const Variables& variables_;
};

constexpr int kMost = 1 << 20;

// Tasks on the machine with that number, of a list such as "4(x2),3": four on each of two machines, three on the next.
int tasks_on(const std::string& list, int node) {
  std::vector<int> tasks;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::string item = list.substr(begin, end - begin);
    const std::size_t times = item.find("(x");
    const int repeats = times == std::string::npos ? 1 : std::atoi(item.c_str() + times + 2);
    tasks.insert(tasks.end(), static_cast<std::size_t>(std::clamp(repeats, 0, kMost)), std::atoi(item.c_str()));
    begin = end + 1;
  }
  return node < static_cast<int>(tasks.size()) ? std::max(1, tasks[static_cast<std::size_t>(node)]) : 1;
}

Ranks of_torchrun(const Reader& read) {
  Ranks ranks;
  ranks.where.size = read.number("WORLD_SIZE", 1, kMost);
  ranks.where.rank = read.number("RANK", 0, ranks.where.size - 1);
  if (!ranks.several()) return {};
  ranks.local_rank = read.number("LOCAL_RANK", 0, kMost, ranks.where.rank);
  ranks.local_size = read.number("LOCAL_WORLD_SIZE", 1, kMost, 1);
  ranks.where.address = read.text("MASTER_ADDR");
  if (ranks.where.address.empty())
    throw ConfigError({{"the environment", "MASTER_ADDR", "is missing: the machine of rank 0"}});
  ranks.where.port = read.number("MASTER_PORT", 1, 65535);
  ranks.where.hosted = read.text("TORCHELASTIC_USE_AGENT_STORE") == "True";
  ranks.where.attempt = read.text("TORCHELASTIC_RESTART_COUNT");
  ranks.launched = read.has("CTFORGE_LAUNCHED");
  if (ranks.launched && ranks.where.rank == 0) ranks.where.listener = read.number("CTFORGE_LAUNCHED", 0, kMost);
  return ranks;
}

Ranks of_slurm(const Reader& read) {
  Ranks ranks;
  const char* tasks = read.has("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS";
  ranks.where.size = read.number(tasks, 1, kMost, 1);
  ranks.where.rank = read.number("SLURM_PROCID", 0, ranks.where.size - 1);
  if (!ranks.several()) return {};
  ranks.local_rank = read.number("SLURM_LOCALID", 0, kMost, 0);
  ranks.local_size = tasks_on(read.text("SLURM_STEP_TASKS_PER_NODE"), read.number("SLURM_NODEID", 0, kMost, 0));
  ranks.cores = read.number("SLURM_CPUS_ON_NODE", 1, kMost, 0);
  const bool one_machine = read.text("SLURM_STEP_NUM_NODES") == "1";
  const std::string list = read.text(read.has("SLURM_STEP_NODELIST") ? "SLURM_STEP_NODELIST" : "SLURM_JOB_NODELIST");
  ranks.where.address = read.has("MASTER_ADDR") ? read.text("MASTER_ADDR")
                        : one_machine           ? "127.0.0.1"
                                                : first_host(list);
  if (ranks.where.address.empty())
    throw ConfigError({{"the environment", "SLURM_STEP_NODELIST", "is missing: the machine of rank 0"}});
  const auto counted = [&read](const char* name) { return std::max(0, std::atoi(read.text(name).c_str())); };
  // Another after each requeue: the one before may be the reason for it.
  const int mixed = counted("SLURM_JOB_ID") % kPorts + 61 * (counted("SLURM_STEP_ID") % 97) +
                    7919 * (counted("SLURM_RESTART_COUNT") % 997);
  ranks.where.port = read.number("MASTER_PORT", 1, 65535, kFirstPort + mixed % kPorts);
  ranks.where.attempt =
      read.text("SLURM_JOB_ID") + "." + read.text("SLURM_STEP_ID") + "." + read.text("SLURM_RESTART_COUNT");
  return ranks;
}

}  // namespace

std::string first_host(const std::string& list) {
  const std::size_t bracket = list.find_first_of("[,");
  if (bracket == std::string::npos || list[bracket] == ',') return list.substr(0, bracket);
  const std::size_t end = list.find_first_of(",-]", bracket);
  return list.substr(0, bracket) + list.substr(bracket + 1, end - bracket - 1);
}

Ranks ranks_from(const Variables& variables) {
  const Reader read(variables);
  if (read.has("RANK") && read.has("WORLD_SIZE")) return of_torchrun(read);
  if (read.has("SLURM_STEP_ID") && read.has("SLURM_PROCID")) return of_slurm(read);
  return {};
}

Ranks ranks_from_environment() {
  return ranks_from([](const char* name) { return std::getenv(name); });
}

int threads_of(int asked, const Ranks& ranks, int usable) {
  if (asked > 0) return asked;
  const int share = (ranks.cores > 0 ? ranks.cores : usable) / ranks.local_size;
  return std::max(1, std::min(usable, share));
}

}  // namespace ctforge::pipeline
