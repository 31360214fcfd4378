// Whether the labels of patches look like those of the training patients: HU under the mask, size, pieces and place.
#pragma once

#include "eval/patch_set.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ctforge::eval {

// What is measured of a label in a patch.
inline constexpr std::array<const char*, 7> kLabelMeasures = {
    "hu_p10",       // 10th percentile, mean and 90th percentile of HU under the mask
    "hu_mean",      //
    "hu_p90",       //
    "area_mm2",     // its pixels
    "pieces",       // 8-connected
    "offset_x_mm",  // of its centroid from the body's (pixels above -300 HU; of the patch's middle where there are
                    // none)
    "offset_y_mm"};

struct LabelFinding {
  std::int64_t patch = 0;
  std::int32_t label = 0;
  std::array<double, kLabelMeasures.size()> value{};
};

// One finding for each label that a patch shows, the background left out; by patch, then label.
std::vector<LabelFinding> measure_labels(const PatchSet& set);

// The range of each measure over the training patches that show a label: from the 0.5th to the 99.5th percentile,
// widened by a tenth of that on both sides (pieces: upwards only, to whole numbers).
struct LabelRange {
  std::int64_t patches = 0;  // learned from so many
  std::array<std::array<double, 2>, kLabelMeasures.size()> limits{};
};

// One for each label; nothing for those that fewer than `least` patches show, which cannot be judged.
inline constexpr std::int64_t kLeastToLearn = 30;
std::vector<std::optional<LabelRange>> learn_ranges(const std::vector<LabelFinding>& findings, std::size_t labels,
                                                    std::int64_t least = kLeastToLearn);

// Indices of the measures that lie outside their range; none for a label that cannot be judged.
std::vector<std::size_t> violations(const LabelFinding& finding, const std::vector<std::optional<LabelRange>>& ranges);

// Ascending indices of the patches of a set none of whose labels has a violation, by ranges learned from train.
Indices plausible(const PatchSet& set, const PatchSet& train);

}  // namespace ctforge::eval
