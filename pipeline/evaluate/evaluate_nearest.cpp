// Nearest training neighbours of synthetic patches beside those of held-out patients' patches.
#include "pipeline/evaluate/evaluate_nearest.h"

#include "eval/nearest.h"
#include "pipeline/evaluate/evaluate_memorisation.h"

#include <array>
#include <numeric>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

ordered_json quantiles_json(const std::vector<double>& values) {
  ordered_json json{{"n", values.size()}};
  if (values.empty()) return json;
  const std::vector<double> at = eval::quantiles_of(values);
  const std::array<const char*, 7> names = {"minimum", "p05", "p25", "median", "p75", "p95", "maximum"};
  static_assert(std::size(eval::kQuantiles) == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) json[names[i]] = at[i];
  return json;
}

ordered_json summary_json(const std::vector<double>& synthetic, const std::vector<double>& held_out,
                          bool larger_is_nearer) {
  return {{"synthetic", quantiles_json(synthetic)},
          {"held_out", quantiles_json(held_out)},
          {"nearer_than_95_percent_of_held_out", eval::closer_than_held_out(synthetic, held_out, larger_is_nearer)}};
}

ordered_json feature_json(const std::string& name, const FeatureSides& sides, const eval::Indices& synthetic_index,
                          ReleaseVerdict& verdict) {
  const auto &synthetic = sides.near_synthetic.first, &held_out = sides.near_held_out.first;
  verdict.add(name, synthetic, synthetic_index, held_out, false);
  ordered_json json = summary_json(synthetic, held_out, false);
  json["measure"] = "least Euclidean distance of features";
  json["train_patches"] = sides.training_patient.size();
  json["held_out_through_autoencoder"] = sides.through_codec;
  return json;
}

}  // namespace

ordered_json nearest_json(const EvaluationInputs& inputs, const std::optional<LossyCodec>& codec,
                          const ComparedSets& compared, const std::vector<SetFeatures>& features,
                          const EvaluateConfig& config, std::uint64_t seed, const std::filesystem::path& samples,
                          ReleaseVerdict& verdict) {
  const eval::Neighbours synthetic = eval::nearest_by_correlation(inputs.synthetic, inputs.train);
  eval::PatchSet held_out_set = inputs.held_out;
  if (codec) held_out_set = reconstructed(held_out_set, codec->codec);
  eval::Neighbours held_out;
  if (held_out_set.size() > 0) held_out = eval::nearest_by_correlation(held_out_set, inputs.train);

  eval::Indices all(synthetic.value.size());
  std::iota(all.begin(), all.end(), std::int64_t{0});
  verdict.add("correlation", synthetic.value, all, held_out.value, true);
  add_start_correlations(verdict, samples, inputs.synthetic.size(), held_out.value);
  ordered_json correlation = summary_json(synthetic.value, held_out.value, true);
  correlation["measure"] = "largest Pearson correlation of windowed HU over pixels";
  correlation["train_patches"] = inputs.train.size();
  correlation["held_out_through_autoencoder"] = codec.has_value();
  ordered_json json{{"schema", 1}, {"nearest", {{"correlation", correlation}}}};
  for (const SetFeatures& of_one : features) {
    const FeatureSides sides = sides_of(compared, of_one, inputs.train.size());
    if (!sides.training_patient.empty())
      json["nearest"][of_one.name] = feature_json(of_one.name, sides, compared.synthetic_index, verdict);
    json["memorisation"][of_one.name] = memorisation_json(sides, seed);
  }
  json["examples"] = ordered_json::array();
  for (const std::int64_t index : eval::examples(synthetic.value, config.examples, true)) {
    const auto i = static_cast<std::size_t>(index);
    json["examples"].push_back(
        {{"synthetic", index},
         {"train", synthetic.index[i]},
         {"correlation", synthetic.value[i]},
         {"class", inputs.synthetic.classes[static_cast<std::size_t>(inputs.synthetic.class_index[i])]}});
  }
  return json;
}

}  // namespace ctforge::pipeline
