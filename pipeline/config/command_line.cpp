// What each command does, and which exit code each kind of failure has.
#include "pipeline/config/command_line.h"

#include "io/file/fault.h"
#include "pipeline/cluster/launch.h"
#include "pipeline/cluster/ranks.h"
#include "pipeline/config/command_options.h"
#include "pipeline/config/config.h"
#include "pipeline/evaluate/evaluate_pair.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/network/pull.h"
#include "pipeline/network/push.h"
#include "pipeline/observe/progress.h"
#include "pipeline/run/run.h"
#include "pipeline/run/run_fractions.h"
#include "pipeline/run/run_part.h"
#include "pipeline/run/session.h"
#include "pipeline/run/sweep.h"
#include "pipeline/run/system_fault.h"
#include "pipeline/run/verify.h"
#include "pipeline/sample/release.h"
#include "pipeline/sample/sample_folder.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <system_error>
#include <utility>

#include <CLI/CLI.hpp>
#include <c10/util/Exception.h>
#include <version.h>

namespace ctforge::pipeline {

namespace {

Part parsed_part(const std::string& text) {
  long long index = 0, count = 0;
  int length = 0;
  if (std::sscanf(text.c_str(), "%lld/%lld%n", &index, &count, &length) != 2 ||
      length != static_cast<int>(text.size()) || index < 1 || index > count)
    throw ConfigError({{"--part", "", "expected I/N with I from 1 to N, as 2/8; found '" + text + "'"}});
  return {index - 1, count};
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
    context.progress = shown_progress(name);
    work(context);
  });
}

int pushed(const Config& config, const Options& options) {
  PushResult result;
  const std::filesystem::path from =
      options.to_push.empty() ? releasable_dicom(options.out, options.allow_copies) : options.to_push;
  exchange(config, options, "push",
           [&](const Context& context) { result = run_push(config.push, options.archive, from, context); });
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

// A stage, or all, of one of the experiment's fractions.
int fraction_made(const std::string& name, const Config& config, const Options& options, Session& session) {
  const double fraction = parsed_fraction(config, options.fraction);
  if (!options.part.empty()) {
    link_fraction(config, options.out, fraction);
    run_part(fraction_config(config, fraction), name, fraction_folder(options.out, fraction),
             parsed_part(options.part));
    return kDone;
  }
  check_fractions(config);
  run_fraction(config,
               name == "run" ? fraction_stages(config.evaluate.downstream.arms) : std::vector<std::string>{name},
               options.out, fraction, session.join(config));
  return kDone;
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
  if (!options.fraction.empty()) return fraction_made(name, config, options, session);
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
