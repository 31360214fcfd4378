// Commands, their options, and which exit code each kind of failure has.
#include "pipeline/command_line.h"

#include "io/fault.h"
#include "pipeline/config.h"
#include "pipeline/evaluate_pair.h"
#include "pipeline/filter.h"
#include "pipeline/inspect.h"
#include "pipeline/interchange.h"
#include "pipeline/launch.h"
#include "pipeline/progress.h"
#include "pipeline/pull.h"
#include "pipeline/push.h"
#include "pipeline/ranks.h"
#include "pipeline/release.h"
#include "pipeline/run.h"
#include "pipeline/sample_folder.h"
#include "pipeline/session.h"
#include "pipeline/status.h"
#include "pipeline/structures.h"
#include "pipeline/submit.h"
#include "pipeline/sweep.h"
#include "pipeline/system_fault.h"
#include "pipeline/verify.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

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
  std::filesystem::path real, synthetic;    // of evaluate
  ExportConfig exported;
  std::string average = "yes";
  ImportConfig imported;
  std::string part;               // of sample and evaluate, as "2/8"
  int processes = 2;              // of launch
  std::string archive;            // of push and pull
  std::filesystem::path to_push;  // empty: the run's samples
  FilterConfig filter;
  bool keep_copies = false, keep_labels = false;  // of filter
  bool allow_copies = false;                      // of push
  SubmitOptions submit;
  StatusOptions status;
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

void add_part(CLI::App* command, Options& options, const std::string& units) {
  command->add_option("--part", options.part,
                      "I/N, I from 1: do every N-th of the " + units +
                          " alone, beside other parts in the same folder. Leaves no results: the command without it "
                          "does, taking what is there");
}

void add_sample(CLI::App& app, Options& options) {
  CLI::App* command = add_stage(app, options, "sample", "draw labelled synthetic CT", {"run", "sample", "release"});
  add_part(command, options, "shards");
  auto* checkpoint =
      command->add_option("--checkpoint", options.checkpoint,
                          "a folder of diffusers with a UNet2DModel, instead of the run's generator: "
                          "writes samples/raw.safetensors, for comparing numbers. Sampler, grid and clip are "
                          "those of section sample; no guidance");
  command->add_option("--noise", options.noise, "with --checkpoint: safetensors file with the tensor noise [N,C,H,W]")
      ->needs(checkpoint);
  checkpoint->needs("--noise");
}

void add_evaluate(CLI::App& app, Options& options) {
  CLI::App* command = add_stage(app, options, "evaluate", "distances, nearest neighbours, Dice with and without",
                                {"run", "evaluate", "release"});
  auto* real = command->add_option(
      "--real", options.real,
      "compare two sets by themselves, without a run: a folder of shards, of NIfTI or DICOM, or of 8-bit grey PNG "
      "images, or a file of features (.safetensors, .npy, .npz) or of pytorch-fid's statistics (.npz). Prints a table "
      "and writes comparison.json");
  auto* synthetic = command->add_option("--synthetic", options.synthetic, "the set that is judged, likewise");
  real->needs(synthetic);
  synthetic->needs(real);
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
  push->add_option(
      "--from", options.to_push,
      "folder or file; without it released/dicom of the run's folder where filter made it, else samples/dicom, "
      "which stays here when it is marked as not releasable");
  push->add_flag("--allow-copies", options.allow_copies, "send samples that are marked as not releasable");
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

void add_filter(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand(
      "filter", "the run's samples without copies of training patches and without impossible labels, in a folder");
  command->add_option("-o,--out", options.out, "the run's folder")->capture_default_str();
  command->add_option("--to", options.filter.to, "folder to write; without it released/ of the run's folder");
  command->add_flag("--keep-copies", options.keep_copies, "leave copies in");
  command->add_flag("--keep-labels", options.keep_labels, "leave samples in whose labels were rejected");
}

void add_cluster(CLI::App& app, Options& options) {
  CLI::App* submit = add_stage(app, options, "submit", "submit the run as jobs of a cluster: Slurm, PBS, or a script",
                               {"run", "cluster"});
  submit->add_flag("--dry-run", options.submit.dry_run, "print the scripts and commands, and do nothing");
  submit->add_option("--from", options.submit.from,
                     "first of run.stages to submit; without it the first that is not done");
  CLI::App* status = app.add_subcommand("status", "where a run stands, from its files alone");
  status->add_option("-o,--out", options.out, "the run's folder")->capture_default_str();
  status->add_flag("--json", options.status.json, "JSON instead of a table");
  status->add_flag("--jobs", options.status.jobs, "ask the scheduler for the jobs' states too");
}

constexpr const char* kLaunched = "run, train, sample and evaluate";

void add_launch(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand(
      "launch", std::string("start several processes of a command on this machine, which share its work: ") +
                    kLaunched + ". Write the command after it: ctforge launch -n 4 train -c my.yaml");
  command->add_option("-n,--processes", options.processes, "how many; with GPUs, at most as many as there are")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->footer(
      "\nAll processes train together, each on its share of train.batch, and each does a part of sample and evaluate; "
      "prepare and\nreport are the first one's alone. With run.threads 0 each has its share of the cores. The same "
      "holds "
      "for processes\nthat srun or torchrun start. SIGTERM, SIGINT and SIGUSR1 are passed on. When one process fails, "
      "the others are ended\nwithin " +
      std::to_string(kEndWithin_s) + " s.");
  command->prefix_command();
}

Part parsed_part(const std::string& text) {
  long long index = 0, count = 0;
  int length = 0;
  if (std::sscanf(text.c_str(), "%lld/%lld%n", &index, &count, &length) != 2 ||
      length != static_cast<int>(text.size()) || index < 1 || index > count)
    throw ConfigError({{"--part", "", "expected I/N with I from 1 to N, as 2/8; found '" + text + "'"}});
  return {index - 1, count};
}

void add_commands(CLI::App& app, Options& options) {
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done; 1 a fault of ours or of the system, as a full disk; 2 usage or configuration; 3 data; 75 "
      "interrupted, run again to go on.");
  add_inspect(app, options);
  add_structures(app, options);
  add_stage(app, options, "phantom", "write a labelled phantom cohort as NIfTI or DICOM", {"run", "phantom"});
  add_stage(app, options, "prepare", "turn series into patch shards, split by patient", {"run", "prepare"});
  add_stage(app, options, "train", "train the generator", {"run", "model", "train"});
  add_sample(app, options);
  add_evaluate(app, options);
  add_stage(app, options, "report", "one self-contained report.html and report.json", {"run", "report"});
  add_stage(app, options, "run", "the stages of run.stages in order, resuming where it stopped",
            {"run", "phantom", "prepare", "model", "train", "sample", "release", "evaluate", "report"});
  add_stage(app, options, "sweep", "the run under every combination of sweep.grid, one table and chart at the end",
            {"run", "sweep", "phantom", "prepare", "model", "train", "sample", "release", "evaluate", "report"});
  add_exchange(app, options);
  add_filter(app, options);
  add_network(app, options);
  add_launch(app, options);
  add_cluster(app, options);
  add_verify(app, options);
}

void refuse_several(const std::string& name, const Options& options) {
  for (const auto& [what, idle] :
       {std::pair{"--part", !options.part.empty()}, std::pair{"--checkpoint", !options.checkpoint.empty()}})
    if (idle)
      throw ConfigError({{what, "", "is for a single process; several that are started together share the work"}});
  if (name != "run" && std::find(kStages.begin(), kStages.end(), name) == kStages.end())
    throw ConfigError({{name, "", std::string("is for a single process; several can share ") + kLaunched}});
}

// The command that launch is to start, refused before anything is started where its processes would refuse it.
int launched(std::vector<std::string> words, int processes) {
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  CLI::App app("", "ctforge");
  Options options;
  add_commands(app, options);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  const std::string name = app.get_subcommands().front()->get_name();
  refuse_several(name, options);
  const Config config = read_config(options.config, options.assignments);
  check_stages(config, name == "run" ? config.run.stages : std::vector<std::string>{name});
  return launch(processes, words);
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

int filtered(const Options& options) {
  FilterConfig config = options.filter;
  config.run = options.out;
  config.copies = !options.keep_copies;
  config.labels = !options.keep_labels;
  const FilterResult result = filter_samples(config);
  std::cout << result.kept << " of " << result.samples << " samples kept; left out: " << result.copies << " copies, "
            << result.labels << " with rejected labels\n";
  return kDone;
}

int swept(const Options& options) {
  const std::int64_t failed = run_sweep(options.config, options.assignments, options.out);
  if (failed == 0) return kDone;
  return report_error(kData,
                      "done without " + std::to_string(failed) + " combinations that failed: sweep.json says why");
}

// Push, pull and comparing two sets work in a folder as the stages do, but are none.
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

// What of a run may leave.
std::filesystem::path released_samples(const Options& options) {
  const std::filesystem::path run = options.out;
  if (!options.to_push.empty()) return options.to_push;
  if (std::filesystem::exists(run / "released" / "filter.json")) return run / "released" / "dicom";
  const auto verdict = read_verdict(run);
  if (verdict.is_object() && verdict.value("state", "") == "not releasable" && !options.allow_copies)
    throw ConfigError({{"--out", "",
                        "the samples are marked as not releasable: too many are copies of training patches. ctforge "
                        "filter leaves those out; --allow-copies sends all"}});
  return run / "samples" / "dicom";
}

int pushed(const Config& config, const Options& options) {
  PushResult result;
  const std::filesystem::path samples = released_samples(options);
  exchange(config, options, "push",
           [&](const Context& context) { result = run_push(config.push, options.archive, samples, context); });
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

// What several processes do together.
int run_command_together(const std::string& name, const Config& config, const Options& options,
                         const Together& together) {
  const std::int64_t refused =
      run_stages(config, name == "run" ? config.run.stages : std::vector<std::string>{name}, options.out, together);
  if (refused == 0) return kDone;
  return report_error(kData, "done without " + std::to_string(refused) +
                                 " series that were refused: data/inventory.json lists them and says why");
}

int run_command(const CLI::App& app, const Options& options, Session& session) {
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
  if (name == "launch") return launched(app.get_subcommands().front()->remaining(), options.processes);
  if (name == "export") return exported(options);
  if (name == "import") {
    ImportConfig imported = options.imported;
    imported.run = options.out;
    import_generator(imported);
    return kDone;
  }
  if (name == "verify") return verified(options);
  session.ranks = ranks_from_environment();
  if (session.ranks.several()) refuse_several(name, options);
  if (name == "sweep") return swept(options);
  if (name == "filter") return filtered(options);
  if (name == "status") {
    show_status(options.out, options.status, std::cout);
    return kDone;
  }
  const Config config = read_config(options.config, options.assignments);
  if (name == "push") return pushed(config, options);
  if (name == "pull") return pulled(config, options);
  if (name == "submit") {
    run_submit(config, options.submit, options.out, std::cout);
    return kDone;
  }
  if (name == "sample" && !options.checkpoint.empty()) {
    work_in(config, options.out, [&](const Context& context) {
      run_sample_folder(config.sample, config.train, context, options.checkpoint, options.noise);
    });
    return kDone;
  }
  if (name == "evaluate" && !options.real.empty()) {
    exchange(config, options, "evaluate", [&](const Context& context) {
      std::cout << pair_table(run_evaluate_pair(config.evaluate, context, options.real, options.synthetic));
    });
    return kDone;
  }
  if (!options.part.empty()) {
    run_part(config, name, options.out, parsed_part(options.part));
    return kDone;
  }
  return run_command_together(name, config, options, session.join(config));
}

int guarded(const CLI::App& app, const Options& options) {
  Session session;
  try {
    const int code = run_command(app, options, session);
    session.leave();
    std::cout.flush();
    return std::cout ? code : session.fail(kOurFault, "the output could not be written");
  } catch (const Interrupted& stop) {
    session.leave();  // all were
    return session.fail(kInterrupted,
                        stop.stage + " was interrupted; what is done is kept: run the same command to go on");
  } catch (const train::PeerLost& lost) {
    return session.lost(lost);
  } catch (const ConfigError& error) {
    std::string lines;
    for (const ConfigProblem& problem : error.problems())
      lines += (lines.empty() ? "" : "\nctforge: ") + problem.line();
    return session.fail(kUsage, lines);
  } catch (const io::DataError& error) {
    return session.fail(kData, std::string(error.what()) + " [" + std::string(io::fault_code(error.fault())) + "]");
  } catch (const std::filesystem::filesystem_error& error) {
    return session.fail(kOurFault, describe(error.code(), ""));  // without error.what(), which names paths
  } catch (const std::system_error& error) {
    return session.fail(kOurFault, describe(error.code(), error.what()));
  } catch (const c10::Error& error) {
    return session.fail(kOurFault, error.what_without_backtrace());
  } catch (const std::exception& error) {
    return session.fail(kOurFault, error.what());
  }
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  catch_signals();
  CLI::App app("ctforge: labelled synthetic CT from a hospital's archive, and what it is worth", "ctforge");
  app.set_version_flag("--version",
                       std::string("ctforge ") + kVersion + " (" + kCommit + ", LibTorch " + kLibTorchVersion + ")");
  Options options;
  add_commands(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return guarded(app, options);
}

}  // namespace ctforge::pipeline
