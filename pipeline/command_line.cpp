// Commands, their options, and which exit code each kind of failure has.
#include "pipeline/command_line.h"

#include "io/fault.h"
#include "pipeline/config.h"
#include "pipeline/inspect.h"
#include "pipeline/run.h"

#include <filesystem>
#include <iostream>
#include <system_error>

#include <CLI/CLI.hpp>
#include <version.h>

namespace ctforge::pipeline {

namespace {

struct Options {
  std::string config;
  std::vector<std::string> assignments;
  std::string out = "ctforge-out";
  InspectConfig inspect;
};

// Shortest way to a setting that differs between machines: the same as --set run.KEY=VALUE.
void add_shortcut(CLI::App* command, Options& options, const std::string& flag, const std::string& key,
                  const std::string& help) {
  command->add_option_function<std::string>(
      flag, [&options, key](const std::string& value) { options.assignments.push_back(key + "=" + value); }, help);
}

void add_stage(CLI::App& app, Options& options, const std::string& name, const std::string& help,
               const std::vector<std::string>& sections) {
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("-c,--config", options.config, "configuration file (YAML); without it, all defaults");
  command->add_option("-s,--set", options.assignments, "section.key=value over the file's; may be repeated")
      ->allow_extra_args(false);
  command->add_option("-o,--out", options.out, "the run's folder")->capture_default_str();
  add_shortcut(command, options, "--threads", "run.threads", "CPU threads (run.threads)");
  add_shortcut(command, options, "--device", "run.device", "auto, cpu or cuda (run.device)");
  command->footer(
      [sections] { return "\nKeys of the configuration and their defaults:\n" + describe_config(sections); });
}

void add_inspect(CLI::App& app, Options& options) {
  CLI::App* command =
      app.add_subcommand("inspect", "list each CT series found, its geometry and what is wrong with it");
  InspectConfig& inspect = options.inspect;
  command->add_option("PATH", inspect.path, "a folder or a file")->required();
  command->add_option("--image", inspect.image, "pattern of volume files; * is the patient's name")
      ->capture_default_str();
  command->add_option("--labels", inspect.labels, "pattern of their label maps, the * filled in likewise");
  command->add_flag("--json", inspect.json, "JSON instead of a table");
  command->add_flag("--decode", inspect.decode, "decode the voxels too, to find what headers do not show");
  command->add_flag("--paths", inspect.paths, "show file paths, which may hold patients' names");
  add_shortcut(command, options, "--threads", "run.threads", "CPU threads");
}

int report_error(int code, const std::string& message) {
  std::cerr << "ctforge: " << message << '\n';
  return code;
}

int run_command(const CLI::App& app, const Options& options) {
  const std::string name = app.get_subcommands().front()->get_name();
  if (name == "inspect") {
    const Config config = read_config("", options.assignments);
    InspectConfig inspect_config = options.inspect;
    if (config.run.threads > 0) inspect_config.threads = config.run.threads;
    return inspect(inspect_config, std::cout);
  }
  const Config config = read_config(options.config, options.assignments);
  const std::int64_t refused =
      run_stages(config, name == "run" ? config.run.stages : std::vector<std::string>{name}, options.out);
  if (refused == 0) return kDone;
  return report_error(kData, "done without " + std::to_string(refused) +
                                 " series that were refused: data/inventory.json lists them and says why");
}

int guarded(const CLI::App& app, const Options& options) {
  try {
    return run_command(app, options);
  } catch (const Interrupted& stop) {
    return report_error(kInterrupted, stop.stage + " was interrupted; " +
                                          (stop.stage == "prepare" ? "it begins anew, the stages before it are kept"
                                                                   : "what is done is kept") +
                                          ": run the same command to go on");
  } catch (const ConfigError& error) {
    for (const ConfigProblem& problem : error.problems()) report_error(kUsage, problem.line());
    return kUsage;
  } catch (const io::DataError& error) {
    return report_error(kData, std::string(error.what()) + " [" + std::string(io::fault_code(error.fault())) + "]");
  } catch (const std::filesystem::filesystem_error& error) {
    // Without error.what(), which names paths.
    return report_error(kOurFault, "a file operation failed: " + error.code().message());
  } catch (const std::exception& error) {
    return report_error(kOurFault, error.what());
  }
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  CLI::App app("ctforge: labelled synthetic CT from a hospital's archive, and what it is worth", "ctforge");
  app.set_version_flag("--version",
                       std::string("ctforge ") + kVersion + " (" + kCommit + ", LibTorch " + kLibTorchVersion + ")");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done; 1 a fault of ours; 2 usage or configuration; 3 data; 75 interrupted, run again to go on.");
  Options options;
  add_inspect(app, options);
  add_stage(app, options, "phantom", "write a labelled phantom cohort as NIfTI or DICOM", {"run", "phantom"});
  add_stage(app, options, "prepare", "turn series into patch shards, split by patient", {"run", "prepare"});
  add_stage(app, options, "train", "train the generator", {"run", "train"});
  add_stage(app, options, "sample", "draw labelled synthetic CT", {"run", "sample"});
  add_stage(app, options, "evaluate", "distances, nearest neighbours, Dice with and without", {"run", "evaluate"});
  add_stage(app, options, "report", "one self-contained report.html and report.json", {"run", "report"});
  add_stage(app, options, "run", "the stages of run.stages in order, resuming where it stopped",
            {"run", "phantom", "prepare", "train", "sample", "evaluate", "report"});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  catch_signals();
  return guarded(app, options);
}

}  // namespace ctforge::pipeline
