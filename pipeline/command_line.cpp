// Commands, their options, and which exit code each kind of failure has.
#include "pipeline/command_line.h"

#include "io/fault.h"
#include "pipeline/config.h"
#include "pipeline/inspect.h"
#include "pipeline/interchange.h"
#include "pipeline/progress.h"
#include "pipeline/pull.h"
#include "pipeline/push.h"
#include "pipeline/run.h"
#include "pipeline/sample_folder.h"
#include "pipeline/structures.h"
#include "pipeline/sweep.h"
#include "pipeline/system_fault.h"
#include "pipeline/verify.h"

#include <charconv>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>

#include <CLI/CLI.hpp>
#include <c10/util/Exception.h>
#include <version.h>

namespace ctforge::pipeline {

namespace {

struct Options {
  std::vector<std::filesystem::path> config;
  std::vector<std::string> assignments;
  std::string out = "ctforge-out";
  InspectConfig inspect;
  StructuresConfig structures;
  std::filesystem::path checkpoint, noise;  // of sample
  ExportConfig exported;
  std::string average = "yes";
  ImportConfig imported;
  std::string archive;            // of push and pull
  std::filesystem::path to_push;  // empty: the run's samples
  std::filesystem::path to_verify;
  bool verify_json = false;
};

// Shortest way to a setting that differs between machines: the same as --set run.KEY=VALUE.
void add_shortcut(CLI::App* command, Options& options, const std::string& flag, const std::string& key,
                  const std::string& help) {
  command->add_option_function<std::string>(
      flag, [&options, key](const std::string& value) { options.assignments.push_back(key + "=" + value); }, help);
}

// A flag for a setting: the same as --set KEY=true.
void add_flag(CLI::App* command, Options& options, const std::string& flag, const std::string& key,
              const std::string& help) {
  command->add_flag_callback(
      flag, [&options, key] { options.assignments.push_back(key + "=true"); }, help);
}

void add_config_options(CLI::App* command, Options& options, const std::vector<std::string>& sections,
                        const std::string& out) {
  command
      ->add_option("-c,--config", options.config,
                   "configuration file (YAML); without it, all defaults; may be repeated, each over those before it")
      ->allow_extra_args(false);
  command->add_option("-s,--set", options.assignments, "section.key=value over the file's; may be repeated")
      ->allow_extra_args(false);
  command->add_option("-o,--out", options.out, out)->capture_default_str();
  command->footer(
      [sections] { return "\nKeys of the configuration and their defaults:\n" + describe_config(sections); });
}

void add_run_options(CLI::App* command, Options& options, const std::vector<std::string>& sections) {
  add_config_options(command, options, sections, "the run's folder");
  add_shortcut(command, options, "--threads", "run.threads", "CPU threads (run.threads)");
  add_shortcut(command, options, "--device", "run.device", "auto, cpu or cuda (run.device)");
  add_flag(command, options, "--deterministic", "run.deterministic",
           "refuse what would not give the same bits again (run.deterministic)");
}

CLI::App* add_stage(CLI::App& app, Options& options, const std::string& name, const std::string& help,
                    const std::vector<std::string>& sections) {
  CLI::App* command = app.add_subcommand(name, help);
  add_run_options(command, options, sections);
  return command;
}

void add_sample(CLI::App& app, Options& options) {
  CLI::App* command = add_stage(app, options, "sample", "draw labelled synthetic CT", {"run", "sample"});
  auto* checkpoint =
      command->add_option("--checkpoint", options.checkpoint,
                          "a folder of diffusers with a UNet2DModel, instead of the run's generator: "
                          "writes samples/raw.safetensors, for comparing numbers. Sampler, grid and clip are "
                          "those of section sample; no guidance");
  command->add_option("--noise", options.noise, "with --checkpoint: safetensors file with the tensor noise [N,C,H,W]")
      ->needs(checkpoint);
  checkpoint->needs("--noise");
}

void add_exchange(CLI::App& app, Options& options) {
  CLI::App* out = app.add_subcommand("export", "write the generator as folders that diffusers opens");
  out->add_option("-o,--out", options.out, "the run's folder")->capture_default_str();
  out->add_option("--to", options.exported.to, "folder to write: unet/, vae/, scheduler/, ctforge.json")->required();
  out->add_option("--ema", options.average,
                  "yes: averaged weights; no: those of the last step; or the length of an average, as 0.1 "
                  "(train.ema_lengths)")
      ->capture_default_str();
  CLI::App* in =
      app.add_subcommand("import", "make a run of folders that export wrote, or that diffusers trained further");
  in->add_option("--from", options.imported.from, "the folder")->required();
  in->add_option("--like", options.imported.like,
                 "a run of the same classes, labels, window and latents, where the folder has no ctforge.json");
  in->add_option("-o,--out", options.out, "the run's folder, without checkpoints")->capture_default_str();
}

void add_inspect(CLI::App& app, Options& options) {
  CLI::App* command =
      app.add_subcommand("inspect", "list each CT series found, its geometry and what is wrong with it");
  InspectConfig& inspect = options.inspect;
  command->add_option("PATH", inspect.path, "a folder or a file")->required();
  command->add_option("--image", inspect.image, "pattern of volume files; * is the patient's name")
      ->capture_default_str();
  auto* labels =
      command->add_option("--labels", inspect.labels, "pattern of their label maps, the * filled in likewise");
  command
      ->add_option(
          "--structures", inspect.structures,
          "file of names of structures and their labels, as prepare.structures: labels of DICOM SEG and RTSTRUCT")
      ->excludes(labels);
  command->add_flag("--json", inspect.json, "JSON instead of a table");
  command->add_flag("--decode", inspect.decode, "decode the voxels too, to find what headers do not show");
  command->add_flag("--paths", inspect.paths, "show file paths, which may hold patients' names");
  add_shortcut(command, options, "--threads", "run.threads", "CPU threads");
}

void add_structures(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand(
      "structures",
      "list the names of the structures in DICOM SEG and RTSTRUCT, and how many series have each: what to begin "
      "prepare.structures with. Names are shown as their site wrote them and may identify somebody");
  command->add_option("PATH", options.structures.path, "a folder or a file")->required();
  command->add_flag("--json", options.structures.json, "JSON instead of a table");
  add_shortcut(command, options, "--threads", "run.threads", "CPU threads");
}

void add_network(CLI::App& app, Options& options) {
  const std::string address = "HOST:PORT, or the URL of a DICOMweb service, http(s)://host[:port][/root]";
  CLI::App* push =
      app.add_subcommand("push", "send DICOM files to an archive and prove what arrived: C-STORE, STOW-RS");
  add_config_options(push, options, {"push"}, "the run's folder, where push/ keeps what arrived");
  push->add_option("ARCHIVE", options.archive, address)->required();
  push->add_option("--from", options.to_push, "folder or file; without it samples/dicom of the run's folder");
  add_flag(push, options, "--verify", "push.verify", "ask the archive afterwards what it has (push.verify)");
  add_flag(push, options, "--allow-real", "push.allow_real",
           "let objects leave that are not marked as synthetic (push.allow_real)");
  CLI::App* pull = app.add_subcommand("pull", "fetch CT from an archive: C-GET, C-MOVE to ourselves, WADO-RS");
  add_config_options(pull, options, {"pull"}, "the folder that the files are put in");
  pull->get_option("--out")->required();
  pull->add_option("ARCHIVE", options.archive, address)->required();
}

void add_verify(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand(
      "verify", "compute a run's hashes again, and tell whether each result follows from what it was made of");
  command->add_option("RUN", options.to_verify, "the run's folder; nothing is written to it")->required();
  command
      ->add_option("-c,--config", options.config,
                   "the run's configuration: what lies outside of the folder is then checked too; may be repeated")
      ->allow_extra_args(false);
  command->add_option("-s,--set", options.assignments, "section.key=value over the file's; may be repeated")
      ->allow_extra_args(false);
  command->add_flag("--json", options.verify_json, "JSON instead of lines");
}

int report_error(int code, const std::string& message) {
  std::cerr << "ctforge: " << message << '\n';
  return code;
}

int exported(const Options& options) {
  ExportConfig config = options.exported;
  config.run = options.out;
  config.weights = {.averaged = options.average != "no"};
  if (options.average != "yes" && options.average != "no") {
    const char* end = options.average.data() + options.average.size();
    const auto parsed = std::from_chars(options.average.data(), end, config.weights.length);
    if (parsed.ec != std::errc() || parsed.ptr != end || !(config.weights.length > 0 && config.weights.length <= 0.288))
      throw ConfigError({{"--ema", "", "expected yes, no or a length above 0 and up to 0.288"}});
  }
  export_generator(config);
  return kDone;
}

int swept(const Options& options) {
  const std::int64_t failed = run_sweep(options.config, options.assignments, options.out);
  if (failed == 0) return kDone;
  return report_error(kData,
                      "done without " + std::to_string(failed) + " combinations that failed: sweep.json says why");
}

// Push and pull work in a folder as the stages do, but are none.
template <class Work>
void exchange(const Config& config, const Options& options, const std::string& name, const Work& work) {
  work_in(config, options.out, [&](const Context& run) {
    Context context = run;
    const auto progress = std::make_shared<Progress>(name, is_terminal());
    context.progress = [progress](std::int64_t done, std::int64_t total, const std::string& text) {
      progress->update(done, total, text);
    };
    work(context);
  });
}

int pushed(const Config& config, const Options& options) {
  PushResult result;
  const std::filesystem::path samples = std::filesystem::path(options.out) / "samples" / "dicom";
  exchange(config, options, "push", [&](const Context& context) {
    result = run_push(config.push, options.archive, options.to_push.empty() ? samples : options.to_push, context);
  });
  if (result.lacking() == 0) return kDone;
  return report_error(kData, "done without " + std::to_string(result.lacking()) + " of " +
                                 std::to_string(result.objects) +
                                 " objects that the archive does not have: the ledger in push/ says why");
}

int pulled(const Config& config, const Options& options) {
  PullResult result;
  exchange(config, options, "pull",
           [&](const Context& context) { result = run_pull(config.pull, options.archive, context); });
  if (result.lacking() == 0) return kDone;
  return report_error(kData, "done without " + std::to_string(result.lacking()) + " of " +
                                 std::to_string(result.objects) + " objects: pull.json counts them");
}

int verified(const Options& options) {
  std::optional<Config> config;
  if (!options.config.empty() || !options.assignments.empty())
    config = read_config(options.config, options.assignments);
  const auto verdicts = verify(options.to_verify, config);
  std::cout << (options.verify_json ? verdict_json(verdicts).dump(1) + "\n" : verdict_text(verdicts));
  if (holds(verdicts)) return kDone;
  return report_error(kData, "the run does not hold: something was changed, damaged or lost since it was made");
}

int run_command(const CLI::App& app, const Options& options) {
  const std::string name = app.get_subcommands().front()->get_name();
  if (name == "inspect") {
    const Config config = read_config({}, options.assignments);
    InspectConfig inspect_config = options.inspect;
    if (config.run.threads > 0) inspect_config.threads = config.run.threads;
    return inspect(inspect_config, std::cout);
  }
  if (name == "structures") {
    StructuresConfig structures = options.structures;
    structures.threads = read_config({}, options.assignments).run.threads;
    return list_structures(structures, std::cout);
  }
  if (name == "export") return exported(options);
  if (name == "import") {
    ImportConfig imported = options.imported;
    imported.run = options.out;
    import_generator(imported);
    return kDone;
  }
  if (name == "verify") return verified(options);
  if (name == "sweep") return swept(options);
  const Config config = read_config(options.config, options.assignments);
  if (name == "push") return pushed(config, options);
  if (name == "pull") return pulled(config, options);
  if (name == "sample" && !options.checkpoint.empty()) {
    work_in(config, options.out, [&](const Context& context) {
      run_sample_folder(config.sample, config.train, context, options.checkpoint, options.noise);
    });
    return kDone;
  }
  const std::int64_t refused =
      run_stages(config, name == "run" ? config.run.stages : std::vector<std::string>{name}, options.out);
  if (refused == 0) return kDone;
  return report_error(kData, "done without " + std::to_string(refused) +
                                 " series that were refused: data/inventory.json lists them and says why");
}

int guarded(const CLI::App& app, const Options& options) {
  try {
    const int code = run_command(app, options);
    std::cout.flush();
    return std::cout ? code : report_error(kOurFault, "the output could not be written");
  } catch (const Interrupted& stop) {
    return report_error(kInterrupted,
                        stop.stage + " was interrupted; what is done is kept: run the same command to go on");
  } catch (const ConfigError& error) {
    for (const ConfigProblem& problem : error.problems()) report_error(kUsage, problem.line());
    return kUsage;
  } catch (const io::DataError& error) {
    return report_error(kData, std::string(error.what()) + " [" + std::string(io::fault_code(error.fault())) + "]");
  } catch (const std::filesystem::filesystem_error& error) {
    return report_error(kOurFault, describe(error.code(), ""));  // without error.what(), which names paths
  } catch (const std::system_error& error) {
    return report_error(kOurFault, describe(error.code(), error.what()));
  } catch (const c10::Error& error) {
    return report_error(kOurFault, error.what_without_backtrace());
  } catch (const std::exception& error) {
    return report_error(kOurFault, error.what());
  }
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  catch_signals();
  CLI::App app("ctforge: labelled synthetic CT from a hospital's archive, and what it is worth", "ctforge");
  app.set_version_flag("--version",
                       std::string("ctforge ") + kVersion + " (" + kCommit + ", LibTorch " + kLibTorchVersion + ")");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done; 1 a fault of ours or of the system, as a full disk; 2 usage or configuration; 3 data; 75 "
      "interrupted, run again to go on.");
  Options options;
  add_inspect(app, options);
  add_structures(app, options);
  add_stage(app, options, "phantom", "write a labelled phantom cohort as NIfTI or DICOM", {"run", "phantom"});
  add_stage(app, options, "prepare", "turn series into patch shards, split by patient", {"run", "prepare"});
  add_stage(app, options, "train", "train the generator", {"run", "train"});
  add_sample(app, options);
  add_stage(app, options, "evaluate", "distances, nearest neighbours, Dice with and without", {"run", "evaluate"});
  add_stage(app, options, "report", "one self-contained report.html and report.json", {"run", "report"});
  add_stage(app, options, "run", "the stages of run.stages in order, resuming where it stopped",
            {"run", "phantom", "prepare", "train", "sample", "evaluate", "report"});
  add_stage(app, options, "sweep", "the run under every combination of sweep.grid, one table and chart at the end",
            {"run", "sweep", "phantom", "prepare", "train", "sample", "evaluate", "report"});
  add_exchange(app, options);
  add_network(app, options);
  add_verify(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return guarded(app, options);
}

}  // namespace ctforge::pipeline
