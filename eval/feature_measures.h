// Everything that is measured between two sets of features, over the rounds of a comparison.
#pragma once

#include "eval/comparison.h"
#include "eval/kernel_distance.h"
#include "eval/measure_names.h"
#include "eval/neighbourhoods.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

// Which of them are wanted, by their place.
using WantedMeasures = std::array<bool, kFeatureMeasures.size()>;
// Throws std::invalid_argument for a name that is none.
WantedMeasures wanted_measures(const std::vector<std::string>& names);

// Over all rows of both sides, whatever their numbers, as other programs publish them: by kFeatureMeasures, not a
// number where not wanted or below.
std::vector<double> whole_set_measures(const torch::Tensor& real, const torch::Tensor& set, std::uint64_t seed,
                                       const WantedMeasures& wanted);

class FeatureMeasures {
 public:
  // real [N,D], sets [M,D] each in the order of the plan's contenders, of one floating type on the CPU; the plan must
  // outlive this. The pairs of all rounds are summed at once here.
  FeatureMeasures(const ComparisonPlan& plan, torch::Tensor real, std::vector<torch::Tensor> sets, std::uint64_t seed,
                  const WantedMeasures& wanted);

  // The values of one round, by kFeatureMeasures. Not a number: frechet_infinity below 16 rows and of contenders other
  // than the first, which would cost as much again; those of neighbours at kDensityNeighbour rows or fewer.
  std::vector<double> operator()(std::size_t round, std::int64_t contender);

 private:
  const torch::Tensor& rows_of(std::int64_t contender) const;
  torch::Tensor draw(std::size_t round, std::int64_t contender) const;
  void take_reference(std::size_t round);
  void sum_pairs(Kernel kernel, std::vector<std::vector<KernelSums>>& sums) const;

  const ComparisonPlan& plan_;
  torch::Tensor real_;
  std::vector<torch::Tensor> sets_;
  std::uint64_t seed_;
  WantedMeasures wanted_;
  std::vector<std::vector<KernelSums>> cubic_, gaussian_;  // [floor, contenders][round]
  // The reference of the round that was asked for last, which all its contenders share.
  std::size_t round_;
  torch::Tensor reference_, centre_;  // rows and their mean
  std::unique_ptr<Neighbourhoods> neighbourhoods_;
};

}  // namespace ctforge::eval
