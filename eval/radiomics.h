// Radiomics: quantitative features of a region, first order, shape and texture.
//
// Definitions are those of the Image Biomarker Standardisation Initiative (A. Zwanenburg et al., arXiv 1612.07003 and
// Radiology 295:328, 2020), whose four-character codes stand at each formula; texture matrices at distance 1, the
// co-occurrence matrix symmetric, and features of each direction averaged over the directions (IBSI "2D/3D, averaged").
// Names and grey levels are PyRadiomics' (van Griethuysen et al., Cancer Res. 77:e104, 2017), without its "original_".
// docs/radiomics.md lists where the two differ.
#pragma once

#include "eval/radiomics_region.h"

#include <string>
#include <vector>

namespace ctforge::eval {

// firstorder_* (18), glcm_* (24), glrlm_* (16), glszm_* (16), gldm_* (14), ngtdm_* (5): 93.
const std::vector<std::string>& radiomic_names();

// In the order of radiomic_names(), all finite. Throws std::invalid_argument as discretised() does.
std::vector<double> radiomics(const Region& region, const Discretisation& bins);

// shape2D_* (9): of the region's contour in the plane by marching squares through the middle between pixel centres, and
// of its pixel centres (principal axes). Only of a single slice: throws std::invalid_argument otherwise.
const std::vector<std::string>& shape_2d_names();
std::vector<double> shape_2d(const Region& region);

// shape_* (14): of the region's surface by marching cubes and of its voxel centres.
const std::vector<std::string>& shape_3d_names();
std::vector<double> shape_3d(const Region& region);

}  // namespace ctforge::eval
