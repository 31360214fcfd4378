// The families of features that make up radiomics, each from the same grey levels: for eval/radiomics.cpp and its
// tests.
#pragma once

#include "eval/radiomics_region.h"

#include <span>
#include <vector>

namespace ctforge::eval {

// Names of each family without its prefix, in the order of the values.
std::span<const char* const> first_order_names();
std::span<const char* const> cooccurrence_names();
std::span<const char* const> run_length_names();
std::span<const char* const> size_zone_names();
std::span<const char* const> dependence_names();
std::span<const char* const> tone_difference_names();

std::vector<double> first_order(const Region& region, const LevelGrid& grid);
std::vector<double> cooccurrence(const LevelGrid& grid);      // GLCM, Haralick et al. 1973
std::vector<double> run_lengths(const LevelGrid& grid);       // GLRLM, Galloway 1975
std::vector<double> size_zones(const LevelGrid& grid);        // GLSZM, Thibault et al. 2009
std::vector<double> dependences(const LevelGrid& grid);       // GLDM, Sun and Wee 1983, with alpha = 0
std::vector<double> tone_differences(const LevelGrid& grid);  // NGTDM, Amadasun and King 1989

}  // namespace ctforge::eval
