// The evaluate stage: its parts in order, each written when it is done.
#include "pipeline/evaluate.h"

#include "io/atomic_file.h"
#include "io/digest.h"
#include "io/random.h"
#include "pipeline/config_visitors.h"
#include "pipeline/evaluate_cells.h"
#include "pipeline/evaluate_codec.h"
#include "pipeline/evaluate_distances.h"
#include "pipeline/evaluate_downstream.h"
#include "pipeline/evaluate_inputs.h"
#include "pipeline/evaluate_nearest.h"
#include "pipeline/log.h"

#include <algorithm>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kEvaluateStream = 5;

template <class Section>
ordered_json section_json(Section section) {
  SectionWriter writer;
  section.fields(writer);
  return writer.json();
}

void write_json(const std::filesystem::path& path, const ordered_json& json) {
  io::write_atomically(path, json.dump(1) + "\n");
}

bool any_contoured(const eval::PatchSet& set) {
  return std::any_of(set.contoured.begin(), set.contoured.end(), [](const std::vector<bool>& contoured) {
    return std::find(contoured.begin() + 1, contoured.end(), true) != contoured.end();
  });
}

// The distances in short, for the manifest.
ordered_json short_distances(const ordered_json& json) {
  ordered_json summary = ordered_json::object();
  for (const auto& [name, entry] : json.at("distances").items()) summary[name] = entry.at("frechet");
  summary["hu"] = json.at("hu").at("wasserstein1_hu");
  return summary;
}

}  // namespace

ordered_json run_evaluate(const EvaluateConfig& config, const Context& context) {
  const EvaluationInputs inputs = load_inputs(config, context.out);
  Context own = context;
  own.seed = io::mix_seed(context.seed, kEvaluateStream);
  const std::filesystem::path folder = context.out / "evaluation";
  const CellStore cells(folder / "cells");
  for (const char* result : {"distances.json", "nearest.json", "downstream.json"})
    std::filesystem::remove(folder / result);  // an attempt that ends early must not leave a mixture
  const std::string base_key = inputs.digest + " " + std::to_string(own.seed);

  Extractors extractors = load_extractors(config, context.device);
  for (const auto& [name, reason] : extractors.unavailable) log_info("evaluate: no " + name + ": " + reason);
  const std::optional<LossyCodec> codec = find_lossy_codec(context);
  const ComparedSets compared = compared_sets(inputs, codec, config, own.seed);
  const std::vector<SetFeatures> features = all_features(compared, extractors, config, cells, own);
  ordered_json distances = distances_json(compared, features, extractors, config);
  distances["inputs_sha256"] = inputs.digest;
  write_json(folder / "distances.json", distances);
  if (context.interrupted()) throw Interrupted{"evaluate"};

  const ordered_json nearest = nearest_json(inputs, codec, compared, features, config);
  write_json(folder / "nearest.json", nearest);
  if (context.interrupted()) throw Interrupted{"evaluate"};

  ordered_json summary{{"inputs_sha256", inputs.digest},
                       {"distances", short_distances(distances)},
                       {"nearest", nearest.at("nearest").at("correlation")}};
  const bool labelled = any_contoured(inputs.test);
  if (config.downstream.enabled && !labelled)
    log_warning("evaluate: no segmentation experiment, since no held-out patient has a label map");
  if (!config.downstream.enabled || !labelled) return summary;
  DownstreamConfig training = config.downstream;
  training.bootstrap = DownstreamConfig{}.bootstrap;  // does not change what a network learns
  const ordered_json downstream =
      downstream_json(inputs, config.downstream, base_key + section_json(training).dump(), cells, own);
  write_json(folder / "downstream.json", downstream);
  summary["difference"] = downstream.at("downstream").at("difference");
  for (const auto& [name, arm] : downstream.at("downstream").at("arms").items()) {
    summary["collapsed"][name] = arm.at("collapsed");
    for (const auto& collapse : arm.at("collapsed")) {
      log_warning("evaluate: organ '" + collapse.at("organ").get<std::string>() + "' collapsed in arm '" + name +
                  "', seed " + collapse.at("seed").dump() + ": its comparison is void");
    }
  }
  return summary;
}

}  // namespace ctforge::pipeline
