// The optimiser's state as named tensors of a checkpoint.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <torch/optim/adamw.h>

namespace ctforge::train {

using NamedParameters = std::vector<std::pair<std::string, torch::Tensor>>;

// Adds, for each parameter NAME, "adamw.step.NAME" (int64 [1]), "adamw.exp_avg.NAME" and "adamw.exp_avg_sq.NAME" (as
// the parameter); zeros for those not yet stepped. The moments are the optimiser's own tensors, not copies.
void add_adamw(torch::optim::AdamW& optimizer, const NamedParameters& parameters,
               std::map<std::string, torch::Tensor>& tensors);
// The reverse. Throws std::out_of_range where one is missing.
void restore_adamw(torch::optim::AdamW& optimizer, const NamedParameters& parameters,
                   const std::map<std::string, torch::Tensor>& tensors);

}  // namespace ctforge::train
