// Choosing, summarising, correcting, reading the curve.
#include "pipeline/evaluate/downstream_scores.h"

#include "eval/dice.h"
#include "eval/holm.h"
#include "io/file/fault.h"
#include "io/file/random.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/evaluate/downstream_cells.h"
#include "pipeline/evaluate/evaluate_inputs.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kBootstrapStream = 12, kSavingStream = 13;

// The cells of an arm at a fraction with one candidate, by seed.
std::vector<ordered_json> cells_with(const std::vector<ordered_json>& cells, const DownstreamConfig& config,
                                     double fraction, const std::string& arm, const Candidate& candidate) {
  const std::vector<DownstreamCell> all = cells_of(config);
  std::vector<ordered_json> found;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].fraction == fraction && all[i].arm == arm && all[i].candidate == candidate) found.push_back(cells.at(i));
  return found;
}

CandidateScore score_of(const Candidate& candidate, const std::vector<ordered_json>& cells) {
  std::vector<double> validation, test;
  std::int64_t diverged = 0;
  for (const ordered_json& cell : cells) {
    diverged += cell.contains("diverged") ? 1 : 0;
    if (cell.contains("diverged")) continue;
    const ordered_json& last = cell.at("validation_dice");
    validation.push_back(last.is_number() ? last.get<double>() : eval::kNotScored);
    std::vector<double> patients;
    for (const eval::PatientScores& patient : scores_from(cell.at("test")))
      patients.push_back(eval::mean_scored(patient.values[eval::kDiceMeasure]));
    test.push_back(eval::mean_scored(patients));
  }
  return {candidate, eval::mean_scored(validation), eval::mean_scored(test), false, diverged};
}

ArmResult arm_result(const std::vector<ordered_json>& cells, const DownstreamConfig& config, double fraction,
                     const std::string& arm) {
  ArmResult result;
  result.name = arm;
  for (const Candidate& candidate : candidates_of(config, arm))
    result.candidates.push_back(score_of(candidate, cells_with(cells, config, fraction, arm, candidate)));
  // The first of equals; without validation patients there is one only.
  CandidateScore* best = nullptr;
  for (CandidateScore& score : result.candidates)
    if (score.diverged == 0 && (best == nullptr || score.validation_dice > best->validation_dice)) best = &score;
  if (best == nullptr)
    throw ConfigError({{"configuration", "evaluate.downstream.learning_rates",
                        "with each of them networks of the arm " + arm + " diverged: try lower ones"}});
  best->chosen = true;
  result.cells = cells_with(cells, config, fraction, arm, best->candidate);
  return result;
}

// One family: the p values at these places of all differences, written back corrected.
void correct(std::vector<FractionResult>& fractions, std::size_t measure, bool mean_of_organs) {
  std::vector<double> family;
  std::vector<double*> places;
  for (FractionResult& fraction : fractions)
    for (std::size_t arm = 0; arm < fraction.wilcoxon_holm.size(); ++arm)
      for (std::size_t label = 0; label < fraction.wilcoxon_holm[arm][measure].size(); ++label) {
        if ((label == 0) != mean_of_organs) continue;
        family.push_back(fraction.experiment.differences[arm][measure][label].wilcoxon_p);
        places.push_back(&fraction.wilcoxon_holm[arm][measure][label]);
      }
  const std::vector<double> corrected = eval::holm(family);
  for (std::size_t i = 0; i < places.size(); ++i) *places[i] = corrected[i];
}

FractionResult fraction_result(const DownstreamInputs& inputs, const FractionInputs& own,
                               const DownstreamConfig& config, const std::vector<ordered_json>& cells,
                               std::uint64_t seed) {
  FractionResult result;
  result.fraction = own.fraction;
  result.train_patients = std::ssize(own.train.patients);
  result.train_patches = own.train.size();
  result.synthetic_patches = own.synthetic.size();
  result.rejected_patches = own.rejected;
  result.inputs_sha256 = fraction_sha256(own.train_sha256, own.synthetic_sha256, inputs.held_out_sha256);
  std::vector<eval::Arm> scored;
  for (const std::string& name : arms_of(config)) {
    result.arms.push_back(arm_result(cells, config, own.fraction, name));
    eval::Arm arm{name, {}};
    for (const ordered_json& cell : result.arms.back().cells) arm.cells.push_back(scores_from(cell.at("test")));
    scored.push_back(std::move(arm));
  }
  result.experiment = eval::summarise(scored, config.bootstrap, io::mix_seed(seed, kBootstrapStream));
  for (const auto& of_arm : result.experiment.differences) {
    auto& corrected = result.wilcoxon_holm.emplace_back();
    for (const auto& of_measure : of_arm) corrected.emplace_back(of_measure.size(), eval::kNotScored);
  }
  return result;
}

// Of the test patients that were scored.
std::vector<eval::Saving> savings_of(const std::vector<FractionResult>& fractions, const DownstreamConfig& config,
                                     std::uint64_t seed) {
  const auto& arms = fractions.back().arms;
  const auto found =
      std::find_if(arms.begin(), arms.end(), [](const ArmResult& arm) { return arm.name == kSyntheticArm; });
  if (found == arms.end()) return {};
  const auto synthetic = static_cast<std::size_t>(found - arms.begin());
  std::vector<eval::LearningPoint> points;
  for (const FractionResult& fraction : fractions) {
    const auto& real = fraction.experiment.arms[0];
    const auto& with = fraction.experiment.arms[synthetic];
    points.push_back({static_cast<double>(fraction.train_patients), real.organs[eval::kDiceMeasure][0].scores,
                      with.organs[eval::kDiceMeasure][0].scores, !eval::collapsed_in(real, 0),
                      !eval::collapsed_in(with, 0)});
  }
  // Whether a patient is scored depends on his contours alone: the same are left out everywhere.
  for (eval::LearningPoint& point : points)
    for (eval::SeedScores* scores : {&point.real, &point.with_synthetic})
      for (std::vector<double>& row : *scores) std::erase_if(row, [](double score) { return std::isnan(score); });
  const bool curve = std::adjacent_find(points.begin(), points.end(), [](const auto& a, const auto& b) {
                       return !(a.training_patients < b.training_patients);
                     }) == points.end();
  if (!curve || points[0].real[0].empty()) return {};  // so few patients that two fractions are the same ones
  return eval::savings(points, config.bootstrap, io::mix_seed(seed, kSavingStream));
}

}  // namespace

void require_choice(const DownstreamConfig& config, const eval::PatchSet& validation) {
  if (leaves_choice(config) && !any_contoured(validation))
    throw io::DataError(
        io::Fault::NothingUsable,
        "evaluate.downstream.synthetic_shares, synthetic_until or learning_rates leave a choice, which is made on "
        "validation patients alone, and there are none with labels");
}

DownstreamResult score_downstream(const DownstreamInputs& inputs, const DownstreamConfig& config,
                                  const std::vector<ordered_json>& cells, std::uint64_t seed) {
  DownstreamResult result;
  for (const FractionInputs& fraction : inputs.fractions)
    result.fractions.push_back(fraction_result(inputs, fraction, config, cells, seed));
  for (std::size_t measure = 0; measure < eval::kSegmentationMeasures.size(); ++measure)
    for (const bool mean_of_organs : {false, true}) correct(result.fractions, measure, mean_of_organs);
  result.savings = savings_of(result.fractions, config, seed);
  return result;
}

}  // namespace ctforge::pipeline
