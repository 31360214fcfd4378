// sbatch, squeue, scancel and their OpenPBS counterparts.
#include "pipeline/cluster/job_queue.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "pipeline/cluster/job_script.h"
#include "pipeline/config/config_tree.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <regex>
#include <sstream>
#include <system_error>

#include <nlohmann/json.hpp>
#include <sys/wait.h>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

constexpr int kQueueSchema = 1;
constexpr int kNotFound = 127;

std::filesystem::path record_file(const std::filesystem::path& out) { return out / "jobs" / "jobs.json"; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

[[noreturn]] void refuse(const std::string& command, const CommandResult& result) {
  const auto lines = lines_of(result.output);
  throw ConfigError(
      {{command, "",
        result.exit_code == kNotFound ? "is not on this machine: submit where the scheduler is, or look at --dry-run"
                                      : "says: " + (lines.empty() ? "nothing, but it failed" : lines.back())}});
}

std::string joined(const JobRecord& record, const char* separator) {
  std::string ids;
  for (const QueuedJob& job : record.jobs) ids += (ids.empty() ? "" : separator) + job.id;
  return ids;
}

// What squeue, scancel, qstat and qdel say of a job that is not in the queue any more.
bool says_gone(const CommandResult& result) {
  const auto says = [&result](const char* text) { return result.output.find(text) != std::string::npos; };
  return says("Invalid job id") || says("already completing or completed") || says("Unknown Job Id") ||
         says("Job has finished");
}

std::vector<std::pair<std::string, std::string>> in_slurm(const JobRecord& record) {
  // %F is the ID of the array that a task belongs to.
  const auto result = run_tool({"squeue", "--noheader", "--format=%F %T", "--jobs=" + joined(record, ",")});
  if (result.exit_code != 0) {
    if (says_gone(result)) return {};  // none of them is known any more
    refuse("squeue", result);
  }
  std::vector<std::pair<std::string, std::string>> jobs;
  for (const std::string& line : lines_of(result.output))
    jobs.emplace_back(line.substr(0, line.find(' ')), line.substr(std::min(line.find(' ') + 1, line.size())));
  return jobs;
}

std::vector<std::pair<std::string, std::string>> in_pbs(const JobRecord& record) {
  // qstat -f -F json ends with an error where one of several jobs is gone: they are asked for one by one.
  static const std::map<std::string, std::string> states = {{"Q", "PENDING"}, {"H", "PENDING"}, {"W", "PENDING"},
                                                            {"R", "RUNNING"}, {"B", "RUNNING"}, {"E", "COMPLETING"}};
  static const std::regex state("job_state = ([A-Z])");
  std::vector<std::pair<std::string, std::string>> jobs;
  for (const QueuedJob& job : record.jobs) {
    const auto result = run_tool({"qstat", "-f", job.id});
    if (result.exit_code != 0 && says_gone(result)) continue;
    std::smatch found;
    if (result.exit_code != 0 || !std::regex_search(result.output, found, state)) refuse("qstat", result);
    if (found[1] == "F" || found[1] == "X") continue;  // finished
    const auto known = states.find(found[1]);
    jobs.emplace_back(job.id, known == states.end() ? found[1].str() : known->second);
  }
  return jobs;
}

}  // namespace

CommandResult run_tool(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += shell_quoted(word) + " ";
  std::FILE* pipe = ::popen((line + "2>&1 </dev/null").c_str(), "re");
  if (pipe == nullptr) throw std::system_error(errno, std::generic_category(), words.at(0));
  CommandResult result;
  std::array<char, 4096> buffer{};
  while (const std::size_t read = std::fread(buffer.data(), 1, buffer.size(), pipe))
    result.output.append(buffer.data(), read);
  const int status = ::pclose(pipe);
  result.exit_code = status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return result;
}

JobRecord read_job_record(const std::filesystem::path& out) {
  JobRecord record;
  if (!std::filesystem::exists(record_file(out))) return record;
  try {
    const auto json = ordered_json::parse(io::read_whole_file(record_file(out)));
    record.scheduler = json.at("scheduler").get<std::string>();
    for (const auto& job : json.at("jobs"))
      record.jobs.push_back({job.at("name").get<std::string>(), job.at("stage").get<std::string>(),
                             job.at("script").get<std::string>(), job.at("parts").get<std::int64_t>(),
                             job.at("id").get<std::string>(), job.at("after").get<std::string>()});
  } catch (const ordered_json::exception&) {
    throw io::DataError(io::Fault::InvalidTable,
                        "jobs/jobs.json cannot be read, so that nobody knows which jobs of this run are in the queue: "
                        "see to it that there are none, then remove it");
  }
  return record;
}

void write_job_record(const std::filesystem::path& out, const JobRecord& record) {
  ordered_json jobs = ordered_json::array();
  for (const QueuedJob& job : record.jobs)
    jobs.push_back({{"name", job.name},
                    {"stage", job.stage},
                    {"script", job.script},
                    {"parts", job.parts},
                    {"id", job.id},
                    {"after", job.after}});
  const ordered_json json{{"schema", kQueueSchema}, {"scheduler", record.scheduler}, {"jobs", jobs}};
  io::write_atomically(record_file(out), json.dump(1) + "\n");
}

std::vector<std::pair<std::string, std::string>> jobs_in_queue(const JobRecord& record) {
  if (record.jobs.empty()) return {};
  return record.scheduler == "pbs" ? in_pbs(record) : in_slurm(record);
}

std::vector<std::string> submit_words(const std::string& scheduler, const std::string& script,
                                      const std::string& dependency) {
  std::vector<std::string> words =
      scheduler == "pbs" ? std::vector<std::string>{"qsub"} : std::vector<std::string>{"sbatch", "--parsable"};
  if (!dependency.empty() && scheduler == "pbs") words.insert(words.end(), {"-W", "depend=" + dependency});
  if (!dependency.empty() && scheduler == "slurm") words.push_back("--dependency=" + dependency);
  words.push_back(script);
  return words;
}

std::string submit_script(const std::vector<std::string>& words) {
  // Slurm: 123 or 123;cluster. PBS: 123.server or 123[].server. A site's wrapper may have printed more before.
  static const std::regex id("([0-9]+)(;.*)?|([0-9]+(\\[\\])?(\\.[A-Za-z0-9._-]+)?)");
  const auto result = run_tool(words);
  const auto lines = lines_of(result.output);
  if (result.exit_code != 0 || lines.empty() || !std::regex_match(lines.back(), id)) refuse(words.at(0), result);
  return lines.back().substr(0, lines.back().find(';'));
}

std::vector<QueuedJob> cancel_jobs(const JobRecord& record) {
  const auto cancelled = [tool = record.scheduler == "pbs" ? "qdel" : "scancel"](const QueuedJob& job) {
    try {
      const auto result = run_tool({tool, job.id});
      return result.exit_code == 0 || says_gone(result);
    } catch (const std::system_error&) {
      return false;
    }
  };
  std::vector<QueuedJob> left;
  for (std::size_t i = record.jobs.size(); i-- > 0;)
    if (!cancelled(record.jobs[i])) left.insert(left.begin(), record.jobs[i]);
  return left;
}

}  // namespace ctforge::pipeline
