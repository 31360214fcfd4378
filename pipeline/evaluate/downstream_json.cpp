// Summaries and cells in their published form.
#include "pipeline/evaluate/downstream_json.h"

#include <algorithm>
#include <utility>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

ordered_json interval_json(const eval::Interval& interval) {
  return {{"mean", interval.mean}, {"interval", {interval.low, interval.high}}, {"n", interval.count}};
}

ordered_json candidates_json(const ArmResult& arm) {
  ordered_json json = ordered_json::array();
  for (const CandidateScore& score : arm.candidates) {
    json.push_back(candidate_json(score.candidate, arm.name));
    json.back()["validation_dice"] = score.validation_dice;
    json.back()["test_dice"] = score.test_dice;
    if (score.diverged > 0) json.back()["diverged"] = score.diverged;
    json.back()["chosen"] = score.chosen;
  }
  return json;
}

ordered_json cell_summary(const ordered_json& cell, const std::vector<std::string>& labels) {
  ordered_json json{{"seed", cell.at("seed")},
                    {"seconds", cell.at("seconds")},
                    {"patches_per_second", cell.at("patches_per_second")},
                    {"converged", cell.at("converged")},
                    {"false_positive_mm3", ordered_json::object()},
                    {"curve", cell.at("curve")}};
  for (std::size_t label = 1; label < labels.size(); ++label) {
    double volume = 0;
    for (const ordered_json& patient : cell.at("test"))
      volume += patient.at("false_positive_mm3").at(label).get<double>();
    json["false_positive_mm3"][labels[label]] = volume;
  }
  return json;
}

ordered_json arm_json(const ArmResult& arm, const eval::ArmSummary& summary, const eval::Experiment& experiment,
                      const std::vector<std::string>& labels) {
  ordered_json json = ordered_json::object();
  for (std::size_t measure = 0; measure < eval::kSegmentationMeasures.size(); ++measure) {
    ordered_json& organs = json[eval::kSegmentationMeasures[measure]] = ordered_json::object();
    for (std::size_t label = 0; label < labels.size(); ++label) {
      if (!is_reported(experiment, label)) continue;
      const eval::OrganSummary& organ = summary.organs[measure][label];
      ordered_json own = interval_json(organ.interval);
      if (measure == eval::kHausdorffMeasure) own["missed"] = organ.missed;
      own["per_patient"] = organ.per_patient;
      own["seeds"] = organ.per_seed;
      organs[organ_name(labels, label)] = std::move(own);
    }
  }
  const auto chosen = std::find_if(arm.candidates.begin(), arm.candidates.end(),
                                   [](const CandidateScore& score) { return score.chosen; });
  json["candidate"] = candidate_json(chosen->candidate, arm.name);
  json["candidates"] = candidates_json(arm);
  json["collapsed"] = ordered_json::array();
  for (const eval::Collapse& collapse : summary.collapsed)
    json["collapsed"].push_back({{"organ", labels[collapse.label]}, {"seed", collapse.seed}});
  json["cells"] = ordered_json::array();
  for (const ordered_json& cell : arm.cells) json["cells"].push_back(cell_summary(cell, labels));
  return json;
}

ordered_json difference_json(const FractionResult& result, std::size_t arm, const std::vector<std::string>& labels) {
  ordered_json json = ordered_json::object();
  for (std::size_t measure = 0; measure < eval::kSegmentationMeasures.size(); ++measure) {
    ordered_json& organs = json[eval::kSegmentationMeasures[measure]] = ordered_json::object();
    for (std::size_t label = 0; label < labels.size(); ++label) {
      if (!is_reported(result.experiment, label)) continue;
      const eval::Difference& difference = result.experiment.differences[arm][measure][label];
      ordered_json own = interval_json(difference.interval);
      own["per_patient"] = difference.per_patient;
      own["wilcoxon_p"] = difference.wilcoxon_p;
      own["wilcoxon_p_holm"] = result.wilcoxon_holm[arm][measure][label];
      own["valid"] = difference.valid;
      organs[organ_name(labels, label)] = std::move(own);
    }
  }
  return json;
}

// Arms and differences of one fraction.
ordered_json figures_json(const FractionResult& result, const std::vector<std::string>& labels) {
  ordered_json json{{"arms", ordered_json::object()},
                    {"difference", ordered_json::object()},
                    {"differences", ordered_json::object()}};
  for (std::size_t a = 0; a < result.arms.size(); ++a)
    json["arms"][result.arms[a].name] = arm_json(result.arms[a], result.experiment.arms[a], result.experiment, labels);
  for (std::size_t a = 1; a < result.arms.size(); ++a)
    json["differences"][result.arms[a].name] = difference_json(result, a - 1, labels);
  if (json["differences"].contains(kSyntheticArm))
    json["difference"] = json["differences"][kSyntheticArm][eval::kSegmentationMeasures[eval::kDiceMeasure]];
  return json;
}

ordered_json savings_json(const DownstreamResult& result) {
  ordered_json json = ordered_json::array();
  for (std::size_t i = 0; i < result.savings.size(); ++i) {
    const eval::Saving& saving = result.savings[i];
    const std::string bound = bound_name(saving.bound);
    json.push_back({{"fraction", result.fractions[i].fraction},
                    {"train_patients", result.fractions[i].train_patients},
                    {"needed", saving.needed},
                    {"saving", saving.part},
                    {"interval", {saving.low, saving.high}},
                    {"bound", bound.empty() ? ordered_json() : ordered_json(bound)},
                    {"valid", saving.valid}});
  }
  return json;
}

ordered_json protocol_json(const DownstreamResult& result, const DownstreamInputs& inputs,
                           const DownstreamConfig& config) {
  const FractionResult& whole = result.fractions.back();
  return {{"steps", config.steps},
          {"batch", config.batch},
          {"seeds", config.seeds},
          {"channels", config.channels},
          {"learning_rates", config.learning_rates},
          {"synthetic_shares", config.synthetic_shares},
          {"synthetic_until", config.synthetic_until},
          {"fractions", config.fractions},
          {"train_patches", whole.train_patches},
          {"synthetic_patches", whole.synthetic_patches},
          {"train_patients", whole.train_patients},
          {"validation_patients", inputs.validation.patients.size()},
          {"score",
           "over all patches of a test patient, contoured organs only; Dice in 3D over all scans, distances the "
           "mean of a patient's scans"},
          {"surface_tolerance_mm", config.surface_tolerance_mm},
          {"interval", "95 % percentile bootstrap over patients and seeds, seeds averaged within each patient"},
          {"resamples", config.bootstrap},
          {"difference", "the arm minus real, paired by patient, seed and organ; a lower hausdorff95_mm is better"},
          {"wilcoxon_p_holm",
           "Holm over all arms, fractions and organs of a measure; of its mean over organs, over all arms and "
           "fractions"},
          {"choice",
           "of synthetic_shares, synthetic_until and learning_rates: the best mean validation Dice at the last step"},
          {"converged", "the mean validation Dice rose by less than 0.01 over the last quarter of the steps"},
          {"saving",
           "1 - train_patients / needed; needed: training patients at which the arm real, linear between "
           "fractions, reaches the mean Dice of real_synthetic"}};
}

}  // namespace

ordered_json candidate_json(const Candidate& candidate, const std::string& arm) {
  ordered_json json{{"learning_rate", candidate.learning_rate}};
  if (arm == kSyntheticArm) json["synthetic_share"] = candidate.synthetic_share;
  if (arm == kSyntheticArm) json["synthetic_until"] = candidate.synthetic_until;
  return json;
}

std::string organ_name(const std::vector<std::string>& labels, std::size_t label) {
  return label == 0 ? "mean" : labels[label];
}

bool is_reported(const eval::Experiment& experiment, std::size_t label) {
  return experiment.arms[0].organs[eval::kDiceMeasure][label].interval.count > 0;
}

std::string bound_name(eval::Bound bound) {
  return bound == eval::Bound::Lower ? "lower" : bound == eval::Bound::Upper ? "upper" : "";
}

ordered_json downstream_result_json(const DownstreamResult& result, const DownstreamInputs& inputs,
                                    const DownstreamConfig& config) {
  const std::vector<std::string>& labels = inputs.test.labels;
  ordered_json json = figures_json(result.fractions.back(), labels);
  json["fractions"] = ordered_json::array();
  for (const FractionResult& fraction : result.fractions) {
    ordered_json own{{"fraction", fraction.fraction},
                     {"train_patients", fraction.train_patients},
                     {"train_patches", fraction.train_patches},
                     {"synthetic_patches", fraction.synthetic_patches},
                     {"rejected_patches", fraction.rejected_patches},
                     {"inputs_sha256", fraction.inputs_sha256}};
    own.update(figures_json(fraction, labels));
    json["fractions"].push_back(std::move(own));
  }
  json["saving"] = savings_json(result);
  json["patients"] = inputs.test.patients;
  json["protocol"] = protocol_json(result, inputs, config);
  return json;
}

}  // namespace ctforge::pipeline
