// The experiment's result as one table.
#pragma once

#include "pipeline/evaluate/downstream_scores.h"

#include <string>
#include <vector>

namespace ctforge::pipeline {

// CSV with a line for each fraction, arm, measure and organ: fraction, patients (training), arm, measure, organ, mean,
// low, high, n, missed, then against the arm real: difference, difference_low, difference_high, wilcoxon_p,
// wilcoxon_p_holm, valid. Fields that have no meaning there are empty.
std::string downstream_csv(const DownstreamResult& result, const std::vector<std::string>& labels);

}  // namespace ctforge::pipeline
