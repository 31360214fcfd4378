// Distances between slices and their offsets from the normal.
#include "io/volume/slice_stack.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ctforge::io {

namespace {

std::string millimetres(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g mm", value);
  return text;
}

Vector3 unit(const Vector3& v) {
  const double length = std::sqrt(dot(v, v));
  return {v[0] / length, v[1] / length, v[2] / length};
}

// From the first slice to this one, without what lies along the normal.
Vector3 sideways_mm(const std::vector<Vector3>& positions, std::size_t slice, const Vector3& normal) {
  Vector3 offset;
  for (std::size_t axis = 0; axis < 3; ++axis) offset[axis] = positions[slice][axis] - positions[0][axis];
  const double along = dot(offset, normal);
  for (std::size_t axis = 0; axis < 3; ++axis) offset[axis] -= along * normal[axis];
  return offset;
}

// Largest distance of a slice from where equal steps would put it.
double largest_stray_mm(const std::vector<Vector3>& positions, const Vector3& normal, const Vector3& step) {
  double largest = 0;
  for (std::size_t slice = 0; slice < positions.size(); ++slice) {
    Vector3 offset = sideways_mm(positions, slice, normal);
    for (std::size_t axis = 0; axis < 3; ++axis) offset[axis] -= step[axis] * static_cast<double>(slice);
    largest = std::max(largest, std::sqrt(dot(offset, offset)));
  }
  return largest;
}

void check_sideways(const std::vector<Vector3>& positions, const Vector3& normal, double pixel_mm, SliceStack& stack) {
  const double sideways = largest_stray_mm(positions, normal, {0, 0, 0});
  if (!(pixel_mm > 0 && sideways > 0.25 * pixel_mm)) {
    if (sideways > 0.01)
      stack.notes.push_back("slices are displaced sideways by up to " + millimetres(sideways) +
                            ", within a quarter pixel");
    return;
  }
  const std::size_t last = positions.size() - 1;
  Vector3 step = sideways_mm(positions, last, normal);
  for (double& value : step) value /= static_cast<double>(last);
  const double length = std::sqrt(dot(step, step)), stray = largest_stray_mm(positions, normal, step);
  if (last < 2 || stray > 0.25 * pixel_mm || !(length <= stack.spacing_mm)) {
    stack.faults.push_back(
        {Fault::NonOrthogonalSlices, "slices are displaced sideways by up to " + millimetres(sideways) +
                                         ", and not by equal steps of at most 45 degrees as a tilted gantry makes"});
    return;
  }
  stack.tilted = true;
  stack.step_mm = step;
  char degrees[32];
  std::snprintf(degrees, sizeof degrees, "%.1f", std::atan2(length, stack.spacing_mm) * 180 / std::acos(-1.0));
  stack.notes.push_back("gantry tilt of " + std::string(degrees) +
                        " degrees by position and orientation: resampled in the slices' planes to an upright grid");
}

}  // namespace

Matrix3 orthonormal(const Vector3& row, const Vector3& column) {
  const Vector3 x = unit(row);
  const double along = dot(column, x);
  const Vector3 y = unit({column[0] - along * x[0], column[1] - along * x[1], column[2] - along * x[2]});
  const Vector3 z = cross(x, y);
  return {{{x[0], y[0], z[0]}, {x[1], y[1], z[1]}, {x[2], y[2], z[2]}}};
}

SliceStack check_stack(const std::vector<Vector3>& positions, const Vector3& normal, double pixel_mm,
                       double tolerance) {
  SliceStack stack;
  const std::size_t count = positions.size();
  if (count < 2) return stack;
  std::vector<double> gaps;
  for (std::size_t i = 1; i < count; ++i) gaps.push_back(dot(positions[i], normal) - dot(positions[i - 1], normal));
  std::vector<double> sorted = gaps;
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted[sorted.size() / 2];
  const double first = dot(positions.front(), normal);
  stack.spacing_mm = (dot(positions.back(), normal) - first) / static_cast<double>(count - 1);

  const double closest = std::max(1e-3, 0.1 * median);
  const auto duplicates = std::count_if(gaps.begin(), gaps.end(), [&](double gap) { return gap < closest; });
  if (duplicates > 0) {
    stack.faults.push_back({Fault::DuplicateSlice, std::to_string(duplicates) + " of " + std::to_string(count) +
                                                       " slices lie where another slice lies"});
  } else {
    double drift = 0;
    for (std::size_t i = 0; i < count; ++i)
      drift = std::max(drift, std::abs(dot(positions[i], normal) - first - stack.spacing_mm * static_cast<double>(i)));
    const double spread = std::max(median - sorted.front(), sorted.back() - median);
    if (spread > tolerance * median || drift > 2 * tolerance * median)
      stack.faults.push_back({Fault::MissingSlice, "distances between slices from " + millimetres(sorted.front()) +
                                                       " to " + millimetres(sorted.back()) + ", expected equal ones"});
    else if (spread > 1e-3 * median)
      stack.notes.push_back("distances between slices vary by up to " + millimetres(sorted.back() - sorted.front()) +
                            ", within the tolerance");
  }

  check_sideways(positions, normal, pixel_mm, stack);
  return stack;
}

}  // namespace ctforge::io
