// Distances between the surfaces of a predicted and a reference mask: 95 % Hausdorff, average, and surface Dice.
//
// The definition is that of DeepMind's surface-distance (Nikolov et al., J. Med. Internet Res. 23:e26151, 2021): the
// surface consists of the corners between eight voxels that are not all inside or outside, each weighted with the area
// that marching cubes gives it (eval/surface_area.h), and distances are between corners. Measures that take boundary
// voxels instead, unweighted (MONAI, MedPy), differ by up to a voxel; docs/radiomics.md says by how much on real
// masks.
#pragma once

#include "io/volume/geometry.h"

#include <array>
#include <cstdint>
#include <span>

namespace ctforge::eval {

struct SurfaceScores {
  // The larger of the two directed distances within which 95 % of the one surface lie from the other.
  double hausdorff95_mm = 0;
  // Area-weighted means of the distances from the reference's surface and from the prediction's.
  double from_reference_mm = 0, from_prediction_mm = 0;
  // The part of both surfaces that lies within the tolerance of the other one.
  double surface_dice = 0;
};

// Scores of one label of two label maps [z,y,x] of equal size: a patient's whole volume, not a slice. All not a number
// where the reference is empty, whatever was predicted, as for Dice (its volume is told as false positive); where only
// the prediction is empty, distances are infinite and surface Dice 0. Throws std::invalid_argument when sizes differ or
// spacing (x, y, z) or tolerance are not positive.
SurfaceScores surface_scores(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> reference,
                             const std::array<std::int64_t, 3>& size, const io::Vector3& spacing_mm, std::uint8_t label,
                             double tolerance_mm);

}  // namespace ctforge::eval
