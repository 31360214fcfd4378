// Choosing, summarising, correcting, reading the curve.
#include "pipeline/downstream_scores.h"

#include "eval/dice.h"
#include "eval/holm.h"
#include "io/fault.h"
#include "io/random.h"
#include "pipeline/downstream_cells.h"

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
    if (all[i].fraction == fraction && all[i].arm == arm && all[i].candidate.learning_rate == candidate.learning_rate &&
        all[i].candidate.synthetic_share == candidate.synthetic_share)
      found.push_back(cells.at(i));
  return found;
}

CandidateScore score_of(const Candidate& candidate, const std::vector<ordered_json>& cells) {
  std::vector<double> validation, test;
  for (const ordered_json& cell : cells) {
    const ordered_json& last = cell.at("validation_dice");
    validation.push_back(last.is_number() ? last.get<double>() : eval::kNotScored);
    std::vector<double> patients;
    for (const eval::PatientScores& patient : scores_from(cell.at("test")))
      patients.push_back(eval::mean_scored(patient.values[kDiceMeasure]));
    test.push_back(eval::mean_scored(patients));
  }
  return {candidate, eval::mean_scored(validation), eval::mean_scored(test), false};
}

ArmResult arm_result(const std::vector<ordered_json>& cells, const DownstreamConfig& config, double fraction,
                     const std::string& arm) {
  ArmResult result;
  result.name = arm;
  for (const Candidate& candidate : candidates_of(config, arm))
    result.candidates.push_back(score_of(candidate, cells_with(cells, config, fraction, arm, candidate)));
  // The first of equals; without validation patients there is one only.
  const auto best = std::max_element(
      result.candidates.begin(), result.candidates.end(),
      [](const CandidateScore& a, const CandidateScore& b) { return a.validation_dice < b.validation_dice; });
  best->chosen = true;
  result.cells = cells_with(cells, config, fraction, arm, best->candidate);
  return result;
}

// One family: the p values at these places of all differences, written back corrected.
void correct(std::vector<FractionResult>& fractions, bool mean_of_organs) {
  std::vector<double> family;
  std::vector<double*> places;
  for (FractionResult& fraction : fractions)
    for (std::size_t arm = 0; arm < fraction.wilcoxon_holm.size(); ++arm)
      for (std::size_t label = 0; label < fraction.wilcoxon_holm[arm].size(); ++label) {
        if ((label == 0) != mean_of_organs) continue;
        family.push_back(fraction.experiment.differences[arm][kDiceMeasure][label].wilcoxon_p);
        places.push_back(&fraction.wilcoxon_holm[arm][label]);
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
  result.inputs_sha256 = fraction_sha256(own.train_sha256, own.synthetic_sha256, inputs.held_out_sha256);
  std::vector<eval::Arm> scored;
  for (const std::string& name : arms_of(config)) {
    result.arms.push_back(arm_result(cells, config, own.fraction, name));
    eval::Arm arm{name, {}};
    for (const ordered_json& cell : result.arms.back().cells) arm.cells.push_back(scores_from(cell.at("test")));
    scored.push_back(std::move(arm));
  }
  result.experiment = eval::summarise(scored, config.bootstrap, io::mix_seed(seed, kBootstrapStream));
  for (const auto& difference : result.experiment.differences)
    result.wilcoxon_holm.emplace_back(difference[kDiceMeasure].size(), eval::kNotScored);
  return result;
}

// Of the test patients that were scored in both arms at every fraction.
std::vector<eval::Saving> savings_of(const std::vector<FractionResult>& fractions, const DownstreamConfig& config,
                                     std::uint64_t seed) {
  const auto& arms = fractions.back().arms;
  const auto found =
      std::find_if(arms.begin(), arms.end(), [](const ArmResult& arm) { return arm.name == kSyntheticArm; });
  if (found == arms.end()) return {};
  const auto synthetic = static_cast<std::size_t>(found - arms.begin());
  std::vector<eval::LearningPoint> points;
  for (const FractionResult& fraction : fractions) {
    const auto mean = [&fraction](std::size_t arm) {
      return fraction.experiment.arms[arm].organs[kDiceMeasure][0].per_patient;
    };
    points.push_back({static_cast<double>(fraction.train_patients), mean(0), mean(synthetic)});
  }
  for (std::size_t patient = points[0].real.size(); patient-- > 0;) {
    const bool scored = std::all_of(points.begin(), points.end(), [patient](const eval::LearningPoint& point) {
      return std::isfinite(point.real[patient]) && std::isfinite(point.with_synthetic[patient]);
    });
    const auto place = static_cast<std::ptrdiff_t>(patient);
    for (eval::LearningPoint& point : points) {
      if (scored) continue;
      point.real.erase(point.real.begin() + place);
      point.with_synthetic.erase(point.with_synthetic.begin() + place);
    }
  }
  const bool curve = std::adjacent_find(points.begin(), points.end(), [](const auto& a, const auto& b) {
                       return !(a.training_patients < b.training_patients);
                     }) == points.end();
  if (!curve || points[0].real.empty()) return {};  // so few patients that two fractions are the same ones
  return eval::savings(points, config.bootstrap, io::mix_seed(seed, kSavingStream));
}

}  // namespace

void require_choice(const DownstreamConfig& config, const eval::PatchSet& validation) {
  const auto arms = arms_of(config);
  const bool choice = std::any_of(arms.begin(), arms.end(),
                                  [&config](const std::string& arm) { return candidates_of(config, arm).size() > 1; });
  const bool contoured =
      std::any_of(validation.contoured.begin(), validation.contoured.end(), [](const std::vector<bool>& labels) {
        return std::find(labels.begin() + 1, labels.end(), true) != labels.end();
      });
  if (choice && (validation.size() == 0 || !contoured))
    throw io::DataError(io::Fault::NothingUsable,
                        "evaluate.downstream.synthetic_shares or learning_rates leave a choice, which is made on "
                        "validation patients alone, and there are none with labels");
}

DownstreamResult score_downstream(const DownstreamInputs& inputs, const DownstreamConfig& config,
                                  const std::vector<ordered_json>& cells, std::uint64_t seed) {
  DownstreamResult result;
  for (const FractionInputs& fraction : inputs.fractions)
    result.fractions.push_back(fraction_result(inputs, fraction, config, cells, seed));
  for (const bool mean_of_organs : {false, true}) correct(result.fractions, mean_of_organs);
  result.savings = savings_of(result.fractions, config, seed);
  return result;
}

}  // namespace ctforge::pipeline
