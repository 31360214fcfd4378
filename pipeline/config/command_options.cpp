// Each command with its help.
#include "pipeline/config/command_options.h"

#include "pipeline/cluster/launch.h"
#include "pipeline/config/config.h"

#include <CLI/CLI.hpp>

namespace ctforge::pipeline {

namespace {

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

CLI::Option* add_part(CLI::App* command, Options& options, const std::string& units) {
  return command->add_option(
      "--part", options.part,
      "I/N, I from 1: do every N-th of the " + units +
          " alone, beside other parts in the same folder. Leaves no results: the command without it "
          "does, taking what is there");
}

// For the stages that a fraction of the experiment has; the help of `run` names what is done.
CLI::App* with_fraction(CLI::App* command, Options& options) {
  command->add_option("--fraction", options.fraction,
                      "one of evaluate.downstream.fractions below 1: do this for that part of the training patients "
                      "alone, in fractions/ of the run's folder, once all are prepared. evaluate does it by itself "
                      "where it was not done");
  return command;
}

void add_sample(CLI::App& app, Options& options) {
  CLI::App* command = add_stage(app, options, "sample", "draw labelled synthetic CT", {"run", "sample", "release"});
  add_part(with_fraction(command, options), options, "shards");
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
      "compare two sets by themselves, without a run: a folder of shards, of NIfTI, NRRD, MetaImage or DICOM, or of "
      "8-bit grey PNG images, or a file of features (.safetensors, .npy, .npz) or of pytorch-fid's statistics (.npz). "
      "Prints a table and writes comparison.json");
  auto* synthetic = command->add_option("--synthetic", options.synthetic, "the set that is judged, likewise");
  real->needs(synthetic);
  synthetic->needs(real);
  add_part(command, options, "sets of features and segmentation networks")->excludes(real);
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
  push->add_flag("--allow-copies", options.allow_copies,
                 "send samples that are marked as not releasable or that nobody judged");
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

}  // namespace

void add_commands(CLI::App& app, Options& options) {
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done; 1 a fault of ours or of the system, as a full disk; 2 usage or configuration; 3 data; 75 "
      "interrupted, run again to go on.");
  add_inspect(app, options);
  add_structures(app, options);
  add_stage(app, options, "phantom", "write a labelled phantom cohort as NIfTI or DICOM", {"run", "phantom"});
  CLI::App* prepare =
      add_stage(app, options, "prepare", "turn series into patch shards, split by patient", {"run", "prepare"});
  add_part(with_fraction(prepare, options), options,
           "folders of the input (prepare.part_depth; needs prepare.split.draw hash or a table)");
  with_fraction(add_stage(app, options, "train", "train the generator", {"run", "model", "train"}), options);
  add_sample(app, options);
  add_evaluate(app, options);
  add_stage(app, options, "report", "one self-contained report.html and report.json", {"run", "report"});
  with_fraction(add_stage(app, options, "run", "the stages of run.stages in order, resuming where it stopped",
                          {"run", "phantom", "prepare", "model", "train", "sample", "release", "evaluate", "report"}),
                options);
  add_stage(app, options, "sweep", "the run under every combination of sweep.grid, one table and chart at the end",
            {"run", "sweep", "phantom", "prepare", "model", "train", "sample", "release", "evaluate", "report"});
  add_exchange(app, options);
  add_filter(app, options);
  add_network(app, options);
  add_launch(app, options);
  add_cluster(app, options);
  add_verify(app, options);
}

}  // namespace ctforge::pipeline
