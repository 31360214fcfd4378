// When a set of samples may leave.
#pragma once

#include "pipeline/config/fields.h"

namespace ctforge::pipeline {

// Section `release`.
struct ReleaseConfig {
  double quantile = 0.01;
  double most_copies = 0.05;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("quantile", quantile,
          "a sample counts as a copy when it is nearer to a training patch than all but this part of the held-out "
          "patients' patches are, which is about what is expected of a set that copies nothing",
          Range{1e-4, 0.2});
    visit("most_copies", most_copies, "a set with a greater part of copies is marked as not releasable", Range{0, 1});
  }
};

}  // namespace ctforge::pipeline
