// How straight the trajectories of a sampler are.
#pragma once

#include "models/diffusion/path.h"

#include <vector>

#include <torch/types.h>

namespace ctforge::diffusion {

// The mean over time, samples and elements of (velocity - displacement)^2 along trajectories, 0 where every one is a
// straight line walked at constant speed (Liu et al. 2023, eq. 9). Trajectories are seen as on the rectified path: the
// state is x / (alpha + sigma), the time sigma / (alpha + sigma), whatever path they were drawn on. Velocities are
// those between the levels visited, so that fewer levels show less; a single step is straight by definition.
class Straightness {
 public:
  explicit Straightness(Path path);
  // The state x [N,C,H,W] at time t of the path, from the noisiest on. Data without noise, where a sampler ends, is
  // told by add_end.
  void add(double t, const torch::Tensor& x);
  void add_end(const torch::Tensor& x0);
  // The mean over all samples; nan before the end is known.
  double value() const;

 private:
  void add_state(double share, const torch::Tensor& state);

  Path path_;
  torch::Tensor first_, last_;
  double first_share_ = 0, last_share_ = 0;
  double energy_ = 0;  // integral of the mean squared velocity
  double value_;
};

}  // namespace ctforge::diffusion
