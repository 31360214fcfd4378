// The inner loops of nearest neighbours in feature space, on plain arrays.
//
// Squared distances |x|^2 + |y|^2 - 2 x.y of centred rows cancel where rows lie close. Each therefore comes with a
// bound of its rounding error, and whatever the bound leaves open is decided by the sum of squared differences in
// float64.
#pragma once

#include <cstdint>

namespace ctforge::eval {

// Rows of a set, [count, dimensions] row-major, and how long they are once centred.
struct RowsView {
  const float* single = nullptr;  // as given, one of the two
  const double* twice = nullptr;
  const float* norms = nullptr;  // squared lengths of the centred rows
  std::int64_t count = 0, dimensions = 0;
};

// The relative bound c: a computed squared distance is off by at most c (|x|^2 + |y|^2). Rounding of centred rows,
// their norms and dot products of D terms in float32, in any order (Higham 2002, section 3.1).
double distance_error_bound(std::int64_t dimensions);

// Sum of squared differences, float64: the same for (i, j) as for (j, i), and zero for equal rows.
double exact_squared_distance(const RowsView& a, std::int64_t i, const RowsView& b, std::int64_t j);

// The `keep` rows of a set that may lie nearest to a row, by the least that their distances can be.
struct Candidates {
  double* bound = nullptr;        // [count, keep], ascending; infinite where there is none yet
  std::int64_t* index = nullptr;  // [count, keep]
  std::int64_t keep = 0;
};

// Offers a tile of products x.y, [rows, columns] row-major, of rows from first_row on with rows from first_column on of
// the same set. A row is no candidate for itself.
void offer_tile(const RowsView& set, const float* products, std::int64_t first_row, std::int64_t rows,
                std::int64_t first_column, std::int64_t columns, const Candidates& candidates);
// The same tile read the other way: offers its rows to the rows of the set that are its columns. None may be both.
void offer_mirrored_tile(const RowsView& set, const float* products, std::int64_t first_row, std::int64_t rows,
                         std::int64_t first_column, std::int64_t columns, const Candidates& candidates);

// Squared distances to the nearest other rows, exact, ascending: [count, neighbours], neighbours < keep.
void exact_neighbours(const RowsView& set, const Candidates& candidates, std::int64_t neighbours, double* squared);

// What a tile of products of real rows with synthetic rows adds to the scores.
struct Coverage {
  const double* real_manifold = nullptr;       // squared radii of real rows for precision
  const double* real_density = nullptr;        // and for density and coverage; not smaller
  const double* synthetic_manifold = nullptr;  // squared radii of synthetic rows for recall
  std::int64_t* inside = nullptr;              // [real] synthetic rows nearer than the real row's density radius
  std::uint8_t* recalled = nullptr;            // [real] 1 where within a synthetic row's radius
  std::uint8_t* precise = nullptr;             // [synthetic] 1 where within a real row's radius
};
void cover_tile(const RowsView& real, const RowsView& synthetic, const float* products, std::int64_t first_row,
                std::int64_t rows, std::int64_t first_column, std::int64_t columns, const Coverage& coverage);

}  // namespace ctforge::eval
