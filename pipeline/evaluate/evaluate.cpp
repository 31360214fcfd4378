// The evaluate stage: its parts in order, each written when it is done.
#include "pipeline/evaluate/evaluate.h"

#include "eval/remembered.h"
#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/random.h"
#include "pipeline/config/config_visitors.h"
#include "pipeline/evaluate/downstream_scores.h"
#include "pipeline/evaluate/evaluate_cells.h"
#include "pipeline/evaluate/evaluate_codec.h"
#include "pipeline/evaluate/evaluate_distances.h"
#include "pipeline/evaluate/evaluate_downstream.h"
#include "pipeline/evaluate/evaluate_inputs.h"
#include "pipeline/evaluate/evaluate_nearest.h"
#include "pipeline/evaluate/evaluate_quality.h"
#include "pipeline/evaluate/evaluate_radiomics.h"
#include "pipeline/evaluate/evaluate_texture.h"
#include "pipeline/observe/log.h"

#include <algorithm>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kEvaluateStream = 5;

void write_json(const std::filesystem::path& path, const ordered_json& json) {
  io::write_atomically(path, json.dump(1) + "\n");
}

// Radiomics, noise power and diversity, each where it is asked for.
void write_texture(const ComparedSets& compared, const EvaluateConfig& config, const Context& context,
                   const std::filesystem::path& folder) {
  if (config.radiomics) write_json(folder / "radiomics.json", radiomics_json(compared, config, context));
  if (context.interrupted()) throw Interrupted{"evaluate"};
  if (config.noise_power) write_json(folder / "noise_power.json", noise_power_json(compared, config));
  if (context.interrupted()) throw Interrupted{"evaluate"};
  if (config.diversity) write_json(folder / "diversity.json", diversity_json(compared, config, context.seed));
  if (context.interrupted()) throw Interrupted{"evaluate"};
}

// Networks that did not learn an organ, or had not learned out.
void warn_of_cells(const ordered_json& fraction, ordered_json& summary) {
  const bool whole = fraction.at("fraction") == 1;
  const std::string place = whole ? "" : " at fraction " + fraction.at("fraction").dump();
  std::int64_t rising = 0, unknown = 0;
  for (const auto& [name, arm] : fraction.at("arms").items()) {
    if (whole) summary["collapsed"][name] = arm.at("collapsed");
    for (const auto& collapse : arm.at("collapsed"))
      log_warning("evaluate: organ '" + collapse.at("organ").get<std::string>() + "' collapsed in arm '" + name +
                  "', seed " + collapse.at("seed").dump() + place + ": its comparison is void");
    for (const auto& cell : arm.at("cells")) {
      rising += cell.at("converged") == false ? 1 : 0;
      unknown += cell.at("converged").is_null() ? 1 : 0;
    }
  }
  if (rising > 0)
    log_warning("evaluate: " + std::to_string(rising) + " networks were still learning at their last step" + place +
                ": more of evaluate.downstream.steps may change what is found");
  if (unknown > 0)
    log_warning("evaluate: without labelled validation patients nobody knows whether networks were still learning" +
                place);
}

// The distances in short, for the manifest.
ordered_json short_distances(const ordered_json& json) {
  ordered_json summary = ordered_json::object();
  for (const auto& [name, entry] : json.at("distances").items())
    if (entry.contains("frechet")) summary[name] = entry.at("frechet");
  summary["hu"] = json.at("hu").at("wasserstein1_hu");
  return summary;
}

}  // namespace

bool has_experiment(const EvaluateConfig& config, const std::filesystem::path& out) {
  if (!config.downstream.enabled) return false;
  const EvaluationInputs inputs = load_inputs(config, out);
  if (!any_contoured(inputs.test)) return false;
  require_choice(config.downstream, inputs.validation);
  require_origin(config.downstream, out);
  return true;
}

ordered_json run_evaluate(const EvaluateConfig& config, const Context& context, const ReleaseConfig& release) {
  const EvaluationInputs inputs = load_inputs(config, context.out);
  Context own = context;
  own.seed = io::mix_seed(context.seed, kEvaluateStream);
  const std::filesystem::path folder = context.out / "evaluation";
  const CellStore cells(folder / "cells");
  if (!context.part)
    for (const char* result : {"distances.json", "nearest.json", "release.json", "radiomics.json", "noise_power.json",
                               "diversity.json", "quality.json", "downstream.json", "downstream.csv"})
      std::filesystem::remove(folder / result);  // an attempt that ends early must not leave a mixture
  const bool labelled = any_contoured(inputs.test);
  const bool experiment = config.downstream.enabled && labelled;
  if (experiment) require_origin(config.downstream, context.out);
  const std::string digest = inputs_sha256(config, context.out);
  const std::string base_key = digest + " " + std::to_string(own.seed);

  Extractors extractors = load_extractors(config, context.device);
  for (const auto& [name, reason] : extractors.unavailable) log_info("evaluate: no " + name + ": " + reason);
  const std::optional<LossyCodec> codec = find_lossy_codec(context);
  ComparedSets compared = compared_sets(inputs, codec, config, own.seed);
  if (codec) compared.sets.back() = eval::remembered(compared.sets.back());  // a round trip of the codec for each patch
  const std::vector<SetFeatures> features = all_features(compared, extractors, config, cells, own);
  if (context.part) {
    if (experiment) run_downstream(inputs, config.downstream, cells, own);
    return {};
  }
  ordered_json distances = distances_json(compared, features, extractors, config, own.seed);
  distances["inputs_sha256"] = digest;
  std::filesystem::remove_all(folder / "statistics");
  if (config.statistics) write_statistics(features, folder / "statistics");
  write_json(folder / "distances.json", distances);
  if (context.interrupted()) throw Interrupted{"evaluate"};

  ReleaseVerdict verdict(release, sample_names(inputs.synthetic), set_identity(context.out / "samples"));
  const ordered_json nearest =
      nearest_json(inputs, codec, compared, features, config, own.seed, context.out / "samples", verdict);
  write_json(folder / "nearest.json", nearest);
  const ordered_json judged = verdict.json();
  write_json(folder / "release.json", judged);
  if (judged.at("state") == "not releasable")
    log_warning("evaluate: the samples are NOT RELEASABLE: " + judged.at("copies").dump() + " of " +
                judged.at("samples").dump() + " are copies; evaluation/release.json lists them");
  if (context.interrupted()) throw Interrupted{"evaluate"};

  ordered_json summary{{"inputs_sha256", digest},
                       {"distances", short_distances(distances)},
                       {"nearest", nearest.at("nearest").at("correlation")},
                       {"release", judged.at("state")}};
  write_texture(compared, config, own, folder);
  if (config.label_quality) {
    const ordered_json quality = quality_json(inputs);
    write_json(folder / "quality.json", quality);
    summary["quality"] = quality.at("quality").at("synthetic");
  }
  if (config.downstream.enabled && !labelled)
    log_warning("evaluate: no segmentation experiment, since no held-out patient has a label map");
  if (!experiment) return summary;
  const DownstreamReport report = run_downstream(inputs, config.downstream, cells, own);
  io::write_atomically(folder / "downstream.csv", report.csv);
  write_json(folder / "downstream.json", report.json);
  const ordered_json& downstream = report.json.at("downstream");
  summary["difference"] = downstream.at("difference");
  for (const ordered_json& fraction : downstream.at("fractions")) warn_of_cells(fraction, summary);
  return summary;
}

}  // namespace ctforge::pipeline
