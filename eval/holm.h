// Correction of a family of tests.
#pragma once

#include <vector>

namespace ctforge::eval {

// Holm's step-down adjustment (Scand. J. Stat. 6:65, 1979) of the p values of one family, in their order: with p
// ascending, the largest of (m - i) p_i so far, at most 1. What is not a number is no test and stays as it is.
std::vector<double> holm(const std::vector<double>& p);

}  // namespace ctforge::eval
