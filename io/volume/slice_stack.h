// Whether slices lie evenly and straight upon each other.
#pragma once

#include "io/volume/geometry.h"
#include "io/volume/inventory.h"

#include <string>
#include <vector>

namespace ctforge::io {

// The rotation whose first column is row made a unit vector, second column made orthogonal to it, third their cross
// product.
Matrix3 orthonormal(const Vector3& row, const Vector3& column);

struct SliceStack {
  double spacing_mm = 0;        // mean distance along the normal; 0 for a single slice
  bool tilted = false;          // slices are displaced sideways, each by step_mm from the one before
  Vector3 step_mm = {0, 0, 0};  // at right angles to the normal; 0 unless tilted
  std::vector<Finding> faults;
  std::vector<std::string> notes;
};

// positions_mm: of the first pixel of each slice, sorted along normal (a unit vector). pixel_mm: the smaller pixel
// spacing. Faults: DuplicateSlice when neighbours are closer than a tenth of the median distance or 1 micrometre,
// MissingSlice when a distance departs from the median by more than the relative tolerance or the slices drift from an
// even grid by more than twice that, NonOrthogonalSlices when positions stray sideways by more than a quarter pixel
// from a straight line, or that line leans by more than 45 degrees. Three slices or more on a line that leans are
// tilted.
SliceStack check_stack(const std::vector<Vector3>& positions_mm, const Vector3& normal, double pixel_mm,
                       double tolerance);

}  // namespace ctforge::io
