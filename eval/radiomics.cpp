// All families of a region, one after the other.
#include "eval/radiomics.h"

#include "eval/radiomics_families.h"

#include <span>

namespace ctforge::eval {
namespace {

void append(std::vector<std::string>& names, const char* family, std::span<const char* const> own) {
  for (const char* name : own) names.push_back(std::string(family) + "_" + name);
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  append(names, "firstorder", first_order_names());
  append(names, "glcm", cooccurrence_names());
  append(names, "glrlm", run_length_names());
  append(names, "glszm", size_zone_names());
  append(names, "gldm", dependence_names());
  append(names, "ngtdm", tone_difference_names());
  return names;
}

}  // namespace

const std::vector<std::string>& radiomic_names() {
  static const std::vector<std::string> names = all_names();
  return names;
}

std::vector<double> radiomics(const Region& region, const Discretisation& bins) {
  const LevelGrid grid = discretised(region, bins);
  std::vector<double> values = first_order(region, grid);
  for (const auto family : {cooccurrence, run_lengths, size_zones, dependences, tone_differences}) {
    const std::vector<double> own = family(grid);
    values.insert(values.end(), own.begin(), own.end());
  }
  return values;
}

}  // namespace ctforge::eval
