// Fréchet distances and HU histogram distances of the synthetic patches, beside their floors and reference rows.
#include "pipeline/evaluate/evaluate_distances.h"

#include "eval/feature_measures.h"
#include "eval/frechet.h"
#include "eval/histogram.h"
#include "io/file/digest.h"
#include "io/file/random.h"
#include "pipeline/evaluate/evaluate_compared.h"
#include "pipeline/evaluate/evaluate_features.h"
#include "pipeline/evaluate/evaluate_organs.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kThinning = 1, kPlan = 2, kNoise = 3;

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
  const std::string key =
      io::sha256_hex(seen_sha256(set) + extractor.name() + extractor.weights_sha256() + extractor.input());
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
    compared.names.push_back(kReconstructed);
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
    SetFeatures features{extractor->name(),
                         extractor->weights_sha256(),
                         eval::resize_name(extractor->resize()),
                         of(compared.real, "real"),
                         {}};
    for (std::size_t i = 0; i < compared.sets.size(); ++i) {
      features.sets.push_back(of(compared.sets[i], "set-" + compared.names[i]));
    }
    all.push_back(std::move(features));
  }
  return all;
}

ComparisonNames names_of(const ComparedSets& compared) { return {compared.names, compared.real.classes}; }

ordered_json hu_json(const ComparedSets& compared, const EvaluateConfig& config) {
  const ComparisonNames names = names_of(compared);
  const torch::Tensor real = eval::hu_histograms(compared.real, compared.real.window_hu);
  std::vector<torch::Tensor> sets;
  for (const eval::PatchSet& set : compared.sets) sets.push_back(eval::hu_histograms(set, compared.real.window_hu));
  const eval::Measure wasserstein = [&](const eval::Indices& reference, std::int64_t contender,
                                        const eval::Indices& rows) {
    return eval::wasserstein1_hu(eval::pooled_histogram(of_contender(real, sets, contender), rows),
                                 eval::pooled_histogram(real, reference));
  };
  constexpr const char* kName[] = {"wasserstein1_hu"};
  ordered_json json =
      measured_json(measure_one(compared.plan, names, config.per_class_least, wasserstein), kName, names);
  json["organs"] = organs_json(compared);
  return json;
}

ordered_json protocol_json(const ComparedSets& compared, const EvaluateConfig& config) {
  const auto groups = eval::by_patient(compared.real);
  const auto patients = std::count_if(groups.begin(), groups.end(), [](const auto& group) { return !group.empty(); });
  ordered_json classes = ordered_json::object();
  for (std::size_t c = 0; c < compared.real.classes.size(); ++c) {
    classes[compared.real.classes[c]] = compared.plan.per_class[c];
  }
  return {{"rounds", config.rounds},
          {"real_patients", patients},
          {"real_patches", compared.real.size()},
          {"synthetic_patches", compared.sets[0].size()},
          {"per_class", classes},
          {"window_hu", compared.real.window_hu},
          {"reference", "a random half of the real patients, train and held out"},
          {"floor", "the other half of the real patients against it, same number of patches per class"},
          {"interval", "2.5 and 97.5 percentiles over the rounds"},
          {"resize", "bicubic, antialiased, not requantised (clean-fid); Inception's: extractor.resize"},
          {"frechet_infinity", "intercept against 1/n at 15 sizes, both sets thinned; curved where n is below D"},
          {"kid", "unbiased over all pairs, (x.y/D + 1)^3"},
          {"precision_recall", "k = 3, d <= r (torch-fidelity)"},
          {"density_coverage", "k = 5, d < r (prdc)"},
          {"mmd_rbf", "rows of unit length, sigma = 10, biased, times 1000 (CMMD's formula)"},
          {"vendi", "of the synthetic patches alone, cosine kernel; its floor: of as many real ones"}};
}

ordered_json feature_entry_json(const SetFeatures& features, const Measured& measured, const ComparisonNames& names) {
  ordered_json entry = measured_json(measured, eval::kFeatureMeasures, names);
  entry["extractor"] = {
      {"weights_sha256", features.weights_sha256}, {"dimensions", features.real.size(1)}, {"resize", features.resize}};
  return entry;
}

ordered_json distances_json(const ComparedSets& compared, const std::vector<SetFeatures>& features,
                            const Extractors& extractors, const EvaluateConfig& config, std::uint64_t seed) {
  const ComparisonNames names = names_of(compared);
  const eval::WantedMeasures wanted = eval::wanted_measures(config.measures);
  ordered_json json{{"schema", 1}, {"distances", ordered_json::object()}};
  for (const SetFeatures& of_one : features) {
    const Measured measured =
        measure_features(compared.plan, names, config.per_class_least, of_one.real, of_one.sets, seed, wanted);
    ordered_json& entry = json["distances"][of_one.name] = feature_entry_json(of_one, measured, names);
    entry["whole_sets"] = whole_sets_json(of_one.real, of_one.sets.front(), seed, wanted);
  }
  json["unavailable"] = ordered_json::object();
  for (const auto& [name, reason] : extractors.unavailable) json["unavailable"][name] = reason;
  json["hu"] = hu_json(compared, config);
  json["protocol"] = protocol_json(compared, config);
  return json;
}

void write_statistics(const std::vector<SetFeatures>& features, const std::filesystem::path& folder) {
  for (const SetFeatures& of_one : features) {
    const auto write = [&](const torch::Tensor& rows, const char* side) {
      eval::Moments moments;
      moments.add(rows);
      write_gaussian(folder / (of_one.name + "-" + side + ".npz"), moments.gaussian());
    };
    if (of_one.real.size(0) > 1) write(of_one.real, "real");
    if (of_one.sets.front().size(0) > 1) write(of_one.sets.front(), "synthetic");
  }
}

}  // namespace ctforge::pipeline
