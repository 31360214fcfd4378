// The experiment's result as JSON.
//
//   arms.<arm>.<measure>.<organ>         {mean, interval, n, per_patient, seeds}; hausdorff95_mm has missed, too: how
//                                        many scores of patients and seeds are infinite, and in no mean
//   arms.<arm>.{candidate,candidates}    what the arm is trained with; all that were tried, with their Dice on
//                                        validation and test patients, and whether they were chosen
//   arms.<arm>.{collapsed,cells}         organs that a network did not learn; curves and convergence, a cell a seed
//   differences.<arm>.<measure>.<organ>  the arm minus real, paired: {mean, interval, n, per_patient, wilcoxon_p,
//                                        wilcoxon_p_holm, valid}
//   difference.<organ>                   differences.real_synthetic.dice
//   fractions                            a list with the same for each fraction, and {fraction, train_patients,
//                                        train_patches, synthetic_patches, rejected_patches, inputs_sha256}; the whole
//                                        is the last
//   saving                               a list {fraction, train_patients, needed, saving, interval, bound} of each
//                                        fraction; bound: null, lower or upper
//   patients, protocol                   the test patients' pseudonyms, in the order of per_patient; what was done
//
// Measures: dice, hausdorff95_mm, surface_dice. Organs: mean, over organs, and each that any test patient was scored
// on.
#pragma once

#include "pipeline/evaluate/downstream_scores.h"

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

nlohmann::ordered_json downstream_result_json(const DownstreamResult& result, const DownstreamInputs& inputs,
                                              const DownstreamConfig& config);

// {learning_rate}, of real_synthetic {synthetic_share, synthetic_until} besides.
nlohmann::ordered_json candidate_json(const Candidate& candidate, const std::string& arm);

// "mean" for 0.
std::string organ_name(const std::vector<std::string>& labels, std::size_t label);
// Whether any test patient was scored on it.
bool is_reported(const eval::Experiment& experiment, std::size_t label);
// "lower", "upper" or nothing.
std::string bound_name(eval::Bound bound);

}  // namespace ctforge::pipeline
