// Radiomics of whole sets of patches, and the Fréchet radiomics distance between two.
#pragma once

#include "eval/patch_set.h"
#include "eval/radiomics_region.h"

#include <cstdint>
#include <functional>

#include <torch/types.h>

namespace ctforge::eval {

// Features of each patch, the whole patch being the region, HU clipped to the set's window: [N,93] float64, columns as
// radiomic_names(). Patches are worked on in parallel; the result does not depend on how many threads there are. each:
// called with the patches done so far.
torch::Tensor patch_radiomics(const PatchSet& set, const Discretisation& bins,
                              const std::function<void(std::int64_t)>& each);

// Features of one label under its mask in each patch, of its shape in the plane too: [N,102] float64, columns as
// radiomic_names() and then shape_2d_names(). Not numbers where a patch has fewer than kLeastOrganPixels of the label.
inline constexpr std::int64_t kLeastOrganPixels = 16;
torch::Tensor organ_radiomics(const PatchSet& set, std::uint8_t label, const Discretisation& bins,
                              const std::function<void(std::int64_t)>& each);

// Fréchet radiomics distance, version 0 (R. Osuala et al., arXiv 2403.13890, 2024): features of both sets scaled
// together to [0, 7.45670747756958] (the range of Inception's), constant ones to its middle; then d^2.
double frechet_radiomics_v0(const torch::Tensor& real, const torch::Tensor& other);

// Version 1 (N. Konz, R. Osuala et al., Med. Image Anal. 103943, 2026, arXiv 2412.01496): features standardised by mean
// and population deviation of the first set, those constant in it left out; then ln d^2, as frd-score 1.0.1 computes
// (the paper's equation 3 has ln d, half of it). Features of the image itself only, none of its LoG and wavelet
// filters. Minus infinity for equal sets.
double frechet_radiomics_v1(const torch::Tensor& real, const torch::Tensor& other);

}  // namespace ctforge::eval
