// Candidates by bounds in float32, decisions by exact distances in float64; parallel over rows.
#include "eval/distance_kernel.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include <ATen/Parallel.h>

namespace ctforge::eval {
namespace {

constexpr std::int64_t kRowsATask = 16, kColumnsATask = 64;

// Four sums side by side: one alone would wait for each addition.
template <class T>
double squared_difference(const T* a, const T* b, std::int64_t dimensions) {
  double sum[4] = {0, 0, 0, 0};
  std::int64_t d = 0;
  for (; d + 4 <= dimensions; d += 4) {
    for (int lane = 0; lane < 4; ++lane) {
      const double difference = static_cast<double>(a[d + lane]) - static_cast<double>(b[d + lane]);
      sum[lane] += difference * difference;
    }
  }
  for (; d < dimensions; ++d) {
    const double difference = static_cast<double>(a[d]) - static_cast<double>(b[d]);
    sum[0] += difference * difference;
  }
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// Puts a bound at its place among the candidates of a row, whose last one it pushes out.
void insert(double bound, std::int64_t index, double* bounds, std::int64_t* indices, std::int64_t keep) {
  std::int64_t place = keep - 1;
  for (; place > 0 && bounds[place - 1] > bound; --place) {
    bounds[place] = bounds[place - 1];
    indices[place] = indices[place - 1];
  }
  bounds[place] = bound;
  indices[place] = index;
}

// The distances of a row to all others, where the candidates do not settle which are the nearest.
void exact_row(const RowsView& set, std::int64_t row, std::vector<double>& distances) {
  distances.clear();
  for (std::int64_t j = 0; j < set.count; ++j)
    if (j != row) distances.push_back(exact_squared_distance(set, row, set, j));
}

}  // namespace

double distance_error_bound(std::int64_t dimensions) {
  return static_cast<double>(dimensions + 16) * (std::numeric_limits<float>::epsilon() / 2.0) * 1.01;
}

double exact_squared_distance(const RowsView& a, std::int64_t i, const RowsView& b, std::int64_t j) {
  const std::int64_t d = a.dimensions;
  if (a.twice != nullptr) return squared_difference(a.twice + i * d, b.twice + j * d, d);
  return squared_difference(a.single + i * d, b.single + j * d, d);
}

void offer_tile(const RowsView& set, const float* products, std::int64_t first_row, std::int64_t rows,
                std::int64_t first_column, std::int64_t columns, const Candidates& candidates) {
  const double shrink = 1 - distance_error_bound(set.dimensions);
  at::parallel_for(0, rows, kRowsATask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = first_row + i;
      double* bounds = candidates.bound + row * candidates.keep;
      std::int64_t* indices = candidates.index + row * candidates.keep;
      const double own = shrink * static_cast<double>(set.norms[row]);
      const float* product = products + i * columns;
      const float* norms = set.norms + first_column;
      double worst = bounds[candidates.keep - 1];
      for (std::int64_t j = 0; j < columns; ++j) {
        const double bound = own + shrink * static_cast<double>(norms[j]) - 2 * static_cast<double>(product[j]);
        if (bound >= worst || first_column + j == row) continue;
        insert(bound, first_column + j, bounds, indices, candidates.keep);
        worst = bounds[candidates.keep - 1];
      }
    }
  });
}

void offer_mirrored_tile(const RowsView& set, const float* products, std::int64_t first_row, std::int64_t rows,
                         std::int64_t first_column, std::int64_t columns, const Candidates& candidates) {
  const double shrink = 1 - distance_error_bound(set.dimensions);
  const std::int64_t keep = candidates.keep;
  at::parallel_for(0, columns, kColumnsATask, [&](std::int64_t begin, std::int64_t end) {
    // Rows outside: products are read along their rows.
    for (std::int64_t i = 0; i < rows; ++i) {
      const double own = shrink * static_cast<double>(set.norms[first_row + i]);
      for (std::int64_t j = begin; j < end; ++j) {
        const std::int64_t column = first_column + j;
        double* bounds = candidates.bound + column * keep;
        const double bound =
            own + shrink * static_cast<double>(set.norms[column]) - 2 * static_cast<double>(products[i * columns + j]);
        if (bound < bounds[keep - 1]) insert(bound, first_row + i, bounds, candidates.index + column * keep, keep);
      }
    }
  });
}

void exact_neighbours(const RowsView& set, const Candidates& candidates, std::int64_t neighbours, double* squared) {
  at::parallel_for(0, set.count, kRowsATask, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> distances;
    for (std::int64_t row = begin; row < end; ++row) {
      const double* bounds = candidates.bound + row * candidates.keep;
      const std::int64_t* indices = candidates.index + row * candidates.keep;
      distances.clear();
      for (std::int64_t c = 0; c < candidates.keep && bounds[c] < std::numeric_limits<double>::infinity(); ++c)
        distances.push_back(exact_squared_distance(set, row, set, indices[c]));
      std::sort(distances.begin(), distances.end());
      // Rows that are no candidates lie at least as far as the last candidate's bound, and none nearer than zero.
      const double last = distances[static_cast<std::size_t>(neighbours - 1)];
      if (last > 0 && last > bounds[candidates.keep - 1]) {
        exact_row(set, row, distances);
        std::partial_sort(distances.begin(), distances.begin() + neighbours, distances.end());
      }
      std::copy_n(distances.begin(), neighbours, squared + row * neighbours);
    }
  });
}

void cover_tile(const RowsView& real, const RowsView& synthetic, const float* products, std::int64_t first_row,
                std::int64_t rows, std::int64_t first_column, std::int64_t columns, const Coverage& coverage) {
  const double error = distance_error_bound(real.dimensions);
  at::parallel_for(0, rows, kRowsATask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = first_row + i;
      const double manifold = coverage.real_manifold[row], density = coverage.real_density[row];
      const double norm = real.norms[row];
      const float* product = products + i * columns;
      for (std::int64_t j = 0; j < columns; ++j) {
        const std::int64_t column = first_column + j;
        const double theirs = coverage.synthetic_manifold[column];
        const double norms = norm + static_cast<double>(synthetic.norms[column]);
        double distance = norms - 2 * static_cast<double>(product[j]);
        const double slack = error * norms;
        if (distance - slack > std::max(density, theirs)) continue;
        const bool surely_inside = distance + slack < std::min(manifold, theirs);
        if (!surely_inside) distance = exact_squared_distance(real, row, synthetic, column);
        if (distance < density) ++coverage.inside[row];
        if (distance <= theirs) coverage.recalled[row] = 1;
        if (distance <= manifold)
          std::atomic_ref<std::uint8_t>(coverage.precise[column]).store(1, std::memory_order_relaxed);
      }
    }
  });
}

}  // namespace ctforge::eval
