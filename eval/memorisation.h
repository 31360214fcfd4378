// Whether generated patches are training patches over again, from features: what each measure says of a set is read
// beside what it says of held-out patients, or of its expectation for a set that copies nothing.
#pragma once

#include "eval/nearest.h"

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

// The part of the generated rows that lie farther from their nearest training row than that row lies from the nearest
// other patient's training row: as large as for held-out rows when they are new (above 1/2, for the nearest row is more
// often one with near neighbours), 0 for copies (Alaa et al. 2022, section 4.3, with neighbours within a patient left
// out).
// of_generated: of the generated rows among the training rows; of_training: of these among those of other patients.
double authenticity(const TwoNearest& of_generated, const TwoNearest& of_training);

// Nearest neighbour distance ratio: first over second nearest distance of each row, near 1 for new patches and near 0
// for copies; 1 where both are 0.
std::vector<double> distance_ratios(const TwoNearest& nearest);

// The part of the generated rows nearer to training than to as many held-out rows; 1/2 when they are as near to either
// (distance to closest record). The training rows are thinned at random to the number of the held-out ones.
double nearer_to_training(const torch::Tensor& training, const torch::Tensor& held_out, const torch::Tensor& generated,
                          std::uint64_t seed);

// C_T (Meehan, Chaudhuri and Dasgupta 2020, eq. 4): per cell, the Mann-Whitney statistic of the distances to training
// of generated against held-out rows as a z score, averaged by the held-out rows in each cell. Far below 0: nearer than
// held-out rows, copying; far above: underfitting. Cells are those of k-means over the first 64 principal components of
// the training rows; a cell counts with at least 5 rows of either side. The nearest training row is sought among all of
// them, as the paper's d(x) is defined; its authors' program looks within the cell alone. Not a number when none has.
double copying_statistic(const torch::Tensor& training, const torch::Tensor& held_out, const torch::Tensor& generated,
                         std::uint64_t seed);

// Membership inference at patient level: a patient's score is minus the mean over its patches of the distance to the
// nearest generated row; `auc` tells how well it parts training from held-out patients (1/2: not at all), with the
// percentile interval of a bootstrap over patients of both sides.
struct MembershipAuc {
  double auc = 0, low = 0, high = 0;
  std::int64_t members = 0, others = 0;  // patients
};
MembershipAuc membership_auc(const torch::Tensor& training, const std::vector<std::int32_t>& training_patient,
                             const torch::Tensor& held_out, const std::vector<std::int32_t>& held_out_patient,
                             const torch::Tensor& generated, std::int64_t resamples, std::uint64_t seed);

// Area under the receiver operating characteristic: the probability that a value of `positive` is larger than one of
// `negative`, ties counted half (Mann and Whitney 1947). Throws std::invalid_argument when one is empty.
double auc_of(const std::vector<double>& positive, const std::vector<double>& negative);

}  // namespace ctforge::eval
