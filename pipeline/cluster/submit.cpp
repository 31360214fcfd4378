// Everything is checked, then written, then submitted.
#include "pipeline/cluster/submit.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "pipeline/cluster/job_queue.h"
#include "pipeline/cluster/job_script.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/run/manifest.h"
#include "pipeline/run/run.h"
#include "pipeline/run/stage.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <system_error>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

struct Script {
  std::string file;  // in OUT/jobs
  std::string text;
};

// The stages from options.from, or from the first that is not done.
std::vector<std::string> stages_to_submit(const Config& config, const SubmitOptions& options, const fs::path& out) {
  const auto& stages = config.run.stages;
  const auto from = std::find(stages.begin(), stages.end(), options.from);
  if (!options.from.empty() && from == stages.end())
    throw ConfigError({{"--from", "", "'" + options.from + "' is none of run.stages"}});
  auto first = options.from.empty() ? stages.begin() : from;
  check_stages(config, {first, stages.end()});
  const Manifest manifest(out);
  while (first != stages.end() && manifest.done(*first, fingerprint(config, *first))) ++first;
  return {first, stages.end()};
}

// The input is looked for here unless the nodes see it in a container.
void check_inputs(const Config& config, const std::vector<std::string>& stages, const fs::path& out) {
  check_needs(stage_named(stages.front()), config, out);
  const bool prepares = std::find(stages.begin(), stages.end(), "prepare") != stages.end();
  if (prepares && !config.prepare.input.empty() && config.cluster.container.empty() &&
      !fs::exists(config.prepare.input))
    throw ConfigError({{"configuration", "prepare.input", "is not there"}});
}

// Paths go into directives, where schedulers know no way to quote everything.
void check_path(const fs::path& path, const std::string& what, bool container) {
  const std::string text = path.string();
  const bool plain = std::none_of(text.begin(), text.end(), [container](unsigned char c) {
    return c < ' ' || c == 127 || c == '"' || c == '\\' || (container && (c == ':' || c == ','));
  });
  if (!plain)
    throw ConfigError({{what, "",
                        container ? "has a character in its path that a job's script or a container cannot have"
                                  : "has a character in its path that a job's script cannot have"}});
}

JobPlaces places_of(const Config& config, const fs::path& out) {
  JobPlaces places;
  places.out = fs::absolute(out).lexically_normal();
  if (!places.out.has_filename()) places.out = places.out.parent_path();
  places.working = fs::current_path();
  places.program = config.cluster.program;
  if (places.program.empty())
    places.program = config.cluster.container.empty() ? fs::read_symlink("/proc/self/exe") : fs::path("ctforge");
  const bool container = !config.cluster.container.empty();
  check_path(places.out, "--out", container);
  check_path(places.working, "the working folder", container);
  check_path(places.program, "the program", false);
  return places;
}

std::vector<Script> scripts_of(const Config& config, const std::vector<Job>& jobs, const JobPlaces& places) {
  if (config.cluster.scheduler == "none") return {{"run.sh", workstation_script(config, jobs, places)}};
  const bool pbs = config.cluster.scheduler == "pbs";
  std::vector<Script> scripts;
  for (const Job& job : jobs)
    scripts.push_back({job.name + (pbs ? ".pbs" : ".sbatch"),
                       pbs ? pbs_script(config, job, places) : slurm_script(config, job, places)});
  return scripts;
}

// The user's own lines are bash that nobody has looked at yet.
void check_syntax(const std::vector<Script>& scripts) {
  for (const Script& script : scripts)
    if (run_tool({"bash", "-n", "-c", script.text}).exit_code != 0)
      throw ConfigError(
          {{"configuration", "cluster.setup", "is no bash: " + script.file + " could not be read by it"}});
}

// Of each fraction the stages from the first on that is not done, where evaluate is to be done.
std::vector<FractionStages> fractions_to_submit(const Config& config, const std::vector<std::string>& stages,
                                                const fs::path& out) {
  std::vector<FractionStages> fractions;
  if (std::find(stages.begin(), stages.end(), "evaluate") == stages.end()) return fractions;
  const bool prepares = std::find(stages.begin(), stages.end(), "prepare") != stages.end();
  for (const double fraction : fractions_to_make(config)) {
    const Config own = fraction_config(config, fraction);
    const Manifest manifest(fraction_folder(out, fraction));
    const auto wanted = fraction_stages(config.evaluate.downstream.arms);
    const auto first = std::find_if(wanted.begin(), wanted.end(), [&](const std::string& stage) {
      return prepares || !manifest.done(stage, fingerprint(own, stage));
    });
    if (first != wanted.end()) fractions.push_back({fraction, {first, wanted.end()}});
  }
  return fractions;
}

// What a job of the plan is to the queue: one entry, with PBS one for each attempt.
struct Submission {
  Job job;
  std::string script;
  std::string dependency;  // with the IDs of those before it; in a dry run their names
};

// Calls submit for each, which returns the ID that those after it are told.
template <class Submit>
void for_each_submission(const Config& config, const std::vector<Job>& jobs, const std::vector<Script>& scripts,
                         const Submit& submit) {
  const bool pbs = config.cluster.scheduler == "pbs";
  std::map<std::string, std::string> ids;  // of each job's last submission
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    std::string before;
    for (const std::string& name : jobs[i].after) before += ":" + ids.at(name);
    std::string last;
    for (std::int64_t attempt = 0; attempt < (pbs ? config.cluster.attempts : 1); ++attempt) {
      std::string dependency = before.empty() ? "" : "afterok" + before;
      if (!last.empty()) dependency += (dependency.empty() ? "" : ",") + ("afterany:" + last);
      last = submit(Submission{jobs[i], scripts[i].file, dependency});
    }
    ids[jobs[i].name] = last;
  }
}

void refuse_queued(const fs::path& out) {
  const auto queued = jobs_in_queue(read_job_record(out));
  if (queued.empty()) return;
  std::string shown;
  for (const auto& [id, state] : queued) shown += (shown.empty() ? "" : ", ") + id + " " + state;
  throw ConfigError(
      {{"--out", "", "jobs of this run are still in the queue (" + shown + "): wait for them, or cancel them first"}});
}

void write_scripts(const Config& config, const std::vector<Script>& scripts, const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string kind = entry.path().extension();
    if (kind == ".sbatch" || kind == ".pbs" || kind == ".sh") fs::remove(entry.path());
  }
  fs::remove_all(folder / "exit");
  for (const char* name : {"logs", "exit"}) fs::create_directories(folder / name);
  io::write_atomically(folder / "config.yaml", to_yaml(config));
  for (const Script& script : scripts) {
    io::write_atomically(folder / script.file, script.text);
    fs::permissions(folder / script.file, fs::perms::owner_exec, fs::perm_options::add);
  }
}

// Takes back what was submitted before something went wrong. What stays in the queue all the same is told, and stays in
// the record, so that the next submission is refused while it is there.
std::vector<ConfigProblem> take_back(JobRecord record, const fs::path& out) {
  record.jobs = cancel_jobs(record);
  std::string ids;
  for (const QueuedJob& job : record.jobs) ids += " " + job.id;
  std::string what = "could not take back the jobs" + ids + ", which are in the queue or run: cancel them";
  try {
    write_job_record(out, record);
  } catch (const std::exception&) {
    what += ". jobs/jobs.json could not be written";
  }
  if (record.jobs.empty()) return {};
  return {{record.scheduler == "pbs" ? "qdel" : "scancel", "", what}};
}

void submit_all(const Config& config, const std::vector<Job>& jobs, const std::vector<Script>& scripts,
                const fs::path& out, std::ostream& text) {
  JobRecord record{config.cluster.scheduler, {}};
  try {
    for_each_submission(config, jobs, scripts, [&](const Submission& submission) {
      const std::string script = out / "jobs" / submission.script;
      const std::string id = submit_script(submit_words(record.scheduler, script, submission.dependency));
      record.jobs.push_back({submission.job.name, submission.job.stage, submission.script, submission.job.parts, id,
                             submission.dependency});
      write_job_record(out, record);
      return id;
    });
  } catch (const std::exception& error) {
    const auto left = take_back(record, out);
    if (left.empty()) throw;
    const auto* refused = dynamic_cast<const ConfigError*>(&error);
    std::vector<ConfigProblem> problems =
        refused != nullptr ? refused->problems() : std::vector<ConfigProblem>{{"submit", "", error.what()}};
    problems.insert(problems.end(), left.begin(), left.end());
    throw ConfigError(std::move(problems));
  }
  for (const QueuedJob& job : record.jobs)
    text << job.id << "  " << job.name << (job.parts > 1 ? ", " + std::to_string(job.parts) + " parts" : "")
         << (job.after.empty() ? "" : ", " + job.after) << '\n';
}

void show(const Config& config, const std::vector<Job>& jobs, const std::vector<Script>& scripts, const fs::path& out,
          std::ostream& text) {
  for (const Script& script : scripts)
    text << "==> " << (out / "jobs" / script.file).string() << " <==\n" << script.text << '\n';
  if (config.cluster.scheduler == "none") return;
  text << "==> commands <==\n";
  for_each_submission(config, jobs, scripts, [&](const Submission& submission) {
    std::string line;
    for (const std::string& word :
         submit_words(config.cluster.scheduler, out / "jobs" / submission.script, submission.dependency))
      line += (line.empty() ? "" : " ") + shell_quoted(word);
    text << line << '\n';
    return "ID-OF-" + submission.job.name;
  });
}

}  // namespace

void run_submit(const Config& config, const SubmitOptions& options, const fs::path& out, std::ostream& text) {
  std::vector<ConfigProblem> problems;
  std::vector<std::string> stages;
  gather_problems(problems, [&] { stages = stages_to_submit(config, options, out); });
  gather_problems(problems, [&] { check_cluster(config); });
  if (!problems.empty()) throw ConfigError(std::move(problems));
  if (stages.empty()) {
    text << "everything is done already\n";
    return;
  }
  check_inputs(config, stages, out);
  const JobPlaces places = places_of(config, out);
  const std::vector<FractionStages> fractions = fractions_to_submit(config, stages, places.out);
  const std::vector<Job> jobs = plan_jobs(config, stages, fractions);
  const std::vector<Script> scripts = scripts_of(config, jobs, places);
  check_syntax(scripts);
  if (options.dry_run) {
    show(config, jobs, scripts, places.out, text);
    return;
  }
  const fs::path folder = places.out / "jobs";
  std::error_code error;
  fs::create_directories(folder, error);
  const FolderLock submitting(folder);  // not the run's: the first job may begin before the last is submitted
  refuse_queued(places.out);
  { const FolderLock free(places.out); }
  write_scripts(config, scripts, folder);
  for (const FractionStages& fraction : fractions)  // where their jobs look for a lock before they begin
    fs::create_directories(fraction_folder(places.out, fraction.fraction));
  if (config.cluster.scheduler == "none") {
    write_job_record(places.out, {"none", {}});
    text << "start it with: nohup " << shell_quoted(folder / "run.sh") << " >"
         << shell_quoted(folder / "logs" / "run.log") << " 2>&1 &\n";
    return;
  }
  submit_all(config, jobs, scripts, places.out, text);
}

}  // namespace ctforge::pipeline
