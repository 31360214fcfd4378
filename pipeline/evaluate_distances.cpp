// Fréchet distances and HU histogram distances of the synthetic patches, beside their floors and reference rows.
#include "pipeline/evaluate_distances.h"

#include "eval/frechet.h"
#include "eval/histogram.h"
#include "io/digest.h"
#include "io/random.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kThinning = 1, kPlan = 2, kNoise = 3;

ordered_json value_json(const eval::Spread& spread, std::int64_t count) {
  return {{"value", spread.value}, {"interval", {spread.low, spread.high}}, {"n", count}};
}

ordered_json measured_json(const eval::Compared& compared, const char* measure) {
  ordered_json json = value_json(compared.contenders[0], compared.count);
  json["floor"] = compared.floor.value;
  json["floor_interval"] = {compared.floor.low, compared.floor.high};
  return {{measure, json}};
}

// One measure: the synthetic set with its floor, the reference rows, and each class that has enough patches.
ordered_json measure_json(const ComparedSets& sets, const char* name, std::int64_t least,
                          const eval::Measure& measure) {
  const eval::Compared overall = eval::compare(sets.plan, measure);
  ordered_json json = measured_json(overall, name);
  json["references"] = ordered_json::object();
  for (std::size_t i = 1; i < sets.names.size(); ++i) {
    json["references"][sets.names[i]] = value_json(overall.contenders[i], overall.count);
  }
  json["per_class"] = ordered_json::object();
  for (std::size_t c = 0; c < sets.plan.per_class.size(); ++c) {
    if (sets.plan.per_class[c] < least) continue;
    const eval::Compared one = eval::compare(eval::confined(sets.plan, static_cast<std::int32_t>(c)), measure);
    json["per_class"][sets.real.classes[c]] = measured_json(one, name);
  }
  return json;
}

eval::Measure frechet_measure(const SetFeatures& features) {
  return [&features](const eval::Indices& reference, std::int64_t contender, const eval::Indices& rows) {
    const torch::Tensor& other =
        contender == eval::kReal ? features.real : features.sets[static_cast<std::size_t>(contender)];
    return eval::frechet_distance(other.index_select(0, torch::tensor(rows)),
                                  features.real.index_select(0, torch::tensor(reference)));
  };
}

eval::PatchSet thinned(const eval::PatchSet& set, const EvaluateConfig& config, std::uint64_t seed) {
  return eval::subset(set, eval::even_over_patients(set, config.images, seed));
}

// What an extractor sees of a set, as SHA-256: features are kept by it, so that whatever else changes they stay valid.
std::string seen_sha256(const eval::PatchSet& set) {
  constexpr std::int64_t block = 256;
  io::Sha256 hash;
  hash.update(ordered_json{set.size(), set.height, set.width, set.window_hu}.dump());
  for (std::int64_t first = 0; first < set.size(); first += block) {
    eval::Indices indices(static_cast<std::size_t>(std::min(block, set.size() - first)));
    std::iota(indices.begin(), indices.end(), first);
    const torch::Tensor hu = set.pixels(indices).hu.contiguous();
    hash.update(std::as_bytes(std::span(hu.const_data_ptr<std::int16_t>(), static_cast<std::size_t>(hu.numel()))));
  }
  return hash.hex();
}

torch::Tensor set_features(eval::Extractor& extractor, const eval::PatchSet& set, const std::string& set_name,
                           const EvaluateConfig& config, const CellStore& cells,
                           const std::function<void(std::int64_t)>& each) {
  const std::string name = "features-" + extractor.name() + "-" + set_name;
  const TorchScriptConfig& script = config.torchscript;
  const std::string input = extractor.name() == eval::kTorchScriptName
                                ? ordered_json{script.size, script.mean, script.scale}.dump()
                                : std::string();
  const std::string key = io::sha256_hex(seen_sha256(set) + extractor.name() + extractor.weights_sha256() + input);
  if (const auto stored = cells.load_tensor(name, key); stored && stored->size(0) == set.size()) return *stored;
  const torch::Tensor features = eval::extract(extractor, set, config.batch, each);
  cells.save_tensor(name, key, features);
  return features;
}

}  // namespace

ComparedSets compared_sets(const EvaluationInputs& inputs, const std::optional<LossyCodec>& codec,
                           const EvaluateConfig& config, std::uint64_t seed) {
  const std::array<eval::PatchSet, 2> real = {inputs.train, inputs.held_out};
  const eval::PatchSet everything = eval::concatenate(real);
  ComparedSets compared;
  compared.real_index = eval::even_over_patients(everything, config.images, io::mix_seed(seed, kThinning));
  compared.real = eval::subset(everything, compared.real_index);
  compared.synthetic_index = eval::even_over_patients(inputs.synthetic, config.images, io::mix_seed(seed, kThinning));
  compared.names = {"synthetic"};
  compared.sets = {eval::subset(inputs.synthetic, compared.synthetic_index)};
  for (const auto& [name, extra] : inputs.extras) {
    compared.names.push_back(name);
    compared.sets.push_back(thinned(extra, config, io::mix_seed(seed, kThinning)));
  }
  std::vector<eval::Contender> contenders;
  for (std::size_t i = 0; i < compared.sets.size(); ++i) {
    contenders.push_back({compared.names[i], compared.sets[i].class_index, compared.sets[i].size()});
  }
  // Noise has no class: as many images as a round takes.
  const std::uint64_t plan_seed = io::mix_seed(seed, kPlan);
  const std::int64_t count = eval::plan_comparison(compared.real, contenders, config.rounds, plan_seed).count;
  compared.names.push_back("noise");
  compared.sets.push_back(eval::noise_like(compared.real, count, io::mix_seed(seed, kNoise)));
  contenders.push_back({"noise", {}, count});
  compared.plan = eval::plan_comparison(compared.real, contenders, config.rounds, plan_seed);
  if (codec) {
    // The very patches of the floor, so that only the codec stands between the two figures.
    compared.names.push_back("reconstructed");
    compared.sets.push_back(reconstructed(compared.real, codec->codec));
    for (eval::Round& round : compared.plan.rounds) round.contenders.push_back(round.floor);
  }
  return compared;
}

std::vector<SetFeatures> all_features(const ComparedSets& compared, Extractors& extractors,
                                      const EvaluateConfig& config, const CellStore& cells, const Context& context) {
  std::int64_t total = compared.real.size();
  for (const eval::PatchSet& set : compared.sets) total += set.size();
  total *= std::ssize(extractors.list);
  std::int64_t before = 0, unit = 0;
  std::vector<SetFeatures> all;
  for (const auto& extractor : extractors.list) {
    const auto of = [&](const eval::PatchSet& set, const std::string& name) {
      if (context.part && !context.part->has(unit++)) return torch::Tensor();
      const torch::Tensor features = set_features(*extractor, set, name, config, cells, [&](std::int64_t done) {
        context.progress(before + done, total, "features");
        if (context.interrupted()) throw Interrupted{"evaluate"};
      });
      before += set.size();
      return features;
    };
    SetFeatures features{extractor->name(), extractor->weights_sha256(), of(compared.real, "real"), {}};
    for (std::size_t i = 0; i < compared.sets.size(); ++i) {
      features.sets.push_back(of(compared.sets[i], "set-" + compared.names[i]));
    }
    all.push_back(std::move(features));
  }
  return all;
}

ordered_json distances_json(const ComparedSets& compared, const std::vector<SetFeatures>& features,
                            const Extractors& extractors, const EvaluateConfig& config) {
  ordered_json json{{"schema", 1}, {"distances", ordered_json::object()}};
  for (const SetFeatures& of_one : features) {
    ordered_json entry = measure_json(compared, "frechet", config.per_class_least, frechet_measure(of_one));
    entry["extractor"] = {{"weights_sha256", of_one.weights_sha256}, {"dimensions", of_one.real.size(1)}};
    json["distances"][of_one.name] = std::move(entry);
  }
  json["unavailable"] = ordered_json::object();
  for (const auto& [name, reason] : extractors.unavailable) json["unavailable"][name] = reason;

  const torch::Tensor real = eval::hu_histograms(compared.real, compared.real.window_hu);
  std::vector<torch::Tensor> sets;
  for (const eval::PatchSet& set : compared.sets) sets.push_back(eval::hu_histograms(set, compared.real.window_hu));
  const eval::Measure wasserstein = [&](const eval::Indices& reference, std::int64_t contender,
                                        const eval::Indices& rows) {
    const torch::Tensor& other = contender == eval::kReal ? real : sets[static_cast<std::size_t>(contender)];
    return eval::wasserstein1_hu(eval::pooled_histogram(other, rows), eval::pooled_histogram(real, reference));
  };
  json["hu"] = measure_json(compared, "wasserstein1_hu", config.per_class_least, wasserstein);

  const auto groups = eval::by_patient(compared.real);
  const auto patients = std::count_if(groups.begin(), groups.end(), [](const auto& group) { return !group.empty(); });
  ordered_json classes = ordered_json::object();
  for (std::size_t c = 0; c < compared.real.classes.size(); ++c) {
    classes[compared.real.classes[c]] = compared.plan.per_class[c];
  }
  json["protocol"] = {{"rounds", config.rounds},
                      {"real_patients", patients},
                      {"real_patches", compared.real.size()},
                      {"synthetic_patches", compared.sets[0].size()},
                      {"per_class", classes},
                      {"window_hu", compared.real.window_hu},
                      {"reference", "a random half of the real patients, train and held out"},
                      {"floor", "the other half of the real patients against it, same number of patches per class"},
                      {"interval", "2.5 and 97.5 percentiles over the rounds"},
                      {"resize", "bicubic, antialiased, not requantised (clean-fid)"}};
  return json;
}

}  // namespace ctforge::pipeline
