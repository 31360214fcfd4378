// The standard augmentation of a CT segmenter's training patches, the same in every arm of an experiment.
//
// No left-right flip: it would turn the right parotid into the left one.
#pragma once

#include <torch/types.h>

namespace ctforge::eval {

// Each is drawn anew for every patch, uniformly within plus and minus the value unless said otherwise.
struct Augmentation {
  double rotation_degrees = 15;
  double log_scale = 0.15;    // zoom by exp(u)
  double translation = 0.15;  // of half the patch's edge
  double log_gamma = 0.2;     // [0,1] intensity to the power exp(u)
  double contrast = 0.1;      // intensity in [-1,1] times 1 + u
  double shift = 0.02;        // added to intensity in [-1,1]: 20 HU in a window of 2000
  double noise = 0.02;        // largest standard deviation of white noise; drawn from 0 up to it
  double elastic = 0;         // standard deviation of smooth displacements, of half the patch's edge
};

// Every range times the factor.
Augmentation stronger(Augmentation augmentation, double factor);

struct LabelledImages {
  torch::Tensor image;  // [n,1,H,W] float32 in [-1,1]
  torch::Tensor label;  // [n,H,W] int64
};

// Images bilinear, labels nearest, air and background beyond the edge. maps [n,2,3] float32, from output to input
// places in coordinates of [-1,1] along both edges, as torch's affine_grid takes them. Throws std::invalid_argument on
// other shapes.
LabelledImages moved(const LabelledImages& batch, const torch::Tensor& maps);

// Moved as `augmentation` says, intensities left as they are. Displacements of elastic movement are normal at 5 x 5
// places of the patch and bicubic between. Random numbers as below.
LabelledImages moved_at_random(const LabelledImages& batch, const Augmentation& augmentation,
                               torch::Generator& generator);

// Moved and re-toned copies: images bilinear, labels nearest, air and background beyond the edge. Intensities stay in
// [-1,1]. Random numbers come from the generator (a CPU generator) alone. Throws std::invalid_argument on other shapes.
LabelledImages augment(const LabelledImages& batch, const Augmentation& augmentation, torch::Generator& generator);

}  // namespace ctforge::eval
