// Drawing a segmenter's training patches so that small organs are seen however rare they are.
#pragma once

#include "eval/augment.h"
#include "eval/patch_set.h"
#include "io/file/random.h"

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

// One source of training patches. Shares of all sources add up to 1; each gives round(share * batch) patches of a
// batch.
struct Source {
  const PatchSet* patches = nullptr;  // must outlive what draws from it
  double share = 1;
  // A generator that learnt from series without some contours leaves organs out for no anatomical reason: labels
  // marked here are taken as contoured only in patches that show them. [labels], or empty for none.
  std::vector<bool> unsure_when_absent;
  // Part of the training's steps that it gives patches for; what comes after takes them from the first source.
  double until = 1;
};

struct TrainingBatch {
  LabelledImages images;
  torch::Tensor contoured;  // [n,L] bool: whether the label is known in that patch
};

// Whether each label occurs in each patch: [N][labels].
std::vector<std::vector<bool>> labels_present(const PatchSet& set);

// The patches at these indices, windowed, with what is contoured in their series.
TrainingBatch fetch(const PatchSet& set, const Indices& indices);

class PatchSampler {
 public:
  // Throws std::invalid_argument for a source without patches.
  explicit PatchSampler(Source source);
  // A foreground_share of the patches by first choosing an organ of those that occur and then a patch that shows it,
  // the rest uniformly (as nnU-Net's oversampling of foreground; Isensee et al. 2021).
  TrainingBatch draw(std::int64_t count, double foreground_share, io::Random& random) const;

 private:
  Source source_;
  std::vector<std::vector<bool>> present_;  // [patches][labels]
  std::vector<Indices> showing_;            // patches showing each organ that occurs
};

}  // namespace ctforge::eval
