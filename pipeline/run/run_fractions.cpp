// Each fraction as a run below the run.
#include "pipeline/run/run_fractions.h"

#include "models/train/parallel.h"
#include "pipeline/evaluate/evaluate.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/observe/log.h"
#include "pipeline/run/manifest.h"
#include "pipeline/run/stage.h"

namespace ctforge::pipeline {

namespace fs = std::filesystem;

void run_fraction(const Config& config, const std::vector<std::string>& stages, const fs::path& out, double fraction,
                  const Together& together) {
  const bool leads = together.group == nullptr || together.group->leads();
  if (leads) {
    link_fraction(config, out, fraction);
    log_info("fraction " + number_name(fraction) + " of the training patients");
  }
  if (together.group != nullptr) together.group->barrier();
  run_stages(fraction_config(config, fraction), stages, fraction_folder(out, fraction), together);
}

void make_fractions(const Config& config, const fs::path& out, const Together& together) {
  const auto fractions = fractions_to_make(config);
  if (fractions.empty()) return;
  const auto agreed = [&together](bool own) { return together.group == nullptr ? own : together.group->any(own); };
  const bool leads = together.group == nullptr || together.group->leads();
  bool needed = leads && has_labels(out) && !Manifest(out).done("evaluate", fingerprint(config, "evaluate"));
  if (needed) {
    // What the evaluation itself would end with, before generators are trained for it.
    check_needs(stage_named("evaluate"), config, out);
    needed = has_experiment(config.evaluate, out);
  }
  if (!agreed(needed)) return;
  for (const double fraction : fractions)
    run_fraction(config, fraction_stages(config.evaluate.downstream.arms), out, fraction, together);
}

}  // namespace ctforge::pipeline
