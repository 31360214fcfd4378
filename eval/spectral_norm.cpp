// Tridiagonal reduction and bisection.
#include "eval/spectral_norm.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ctforge::eval {
namespace {

struct Tridiagonal {
  std::vector<double> diagonal, below;  // below[i] joins i and i + 1
};

// Reflects the part of the matrix after column k so that the column has nothing below its subdiagonal: A - v w^T - w
// v^T.
void reflect(std::vector<double>& a, std::size_t n, std::size_t k, std::vector<double>& v, std::vector<double>& w) {
  double square = 0;
  for (std::size_t i = k + 1; i < n; ++i) square += a[i * n + k] * a[i * n + k];
  const double first = a[(k + 1) * n + k];
  const double rest = square - first * first;
  if (!(rest > 0)) return;
  const double length = std::copysign(std::sqrt(square), first);
  for (std::size_t i = k + 1; i < n; ++i) v[i] = a[i * n + k];
  v[k + 1] += length;
  const double beta = 2 / (rest + v[k + 1] * v[k + 1]);
  std::fill(w.begin() + static_cast<std::ptrdiff_t>(k) + 1, w.end(), 0);
  for (std::size_t i = k + 1; i < n; ++i) {
    const double* row = &a[i * n];
    double sum = row[i] * v[i];
    for (std::size_t j = k + 1; j < i; ++j) {
      sum += row[j] * v[j];
      w[j] += row[j] * v[i];
    }
    w[i] += sum;
  }
  double product = 0;
  for (std::size_t i = k + 1; i < n; ++i) product += (w[i] *= beta) * v[i];
  for (std::size_t i = k + 1; i < n; ++i) w[i] -= beta / 2 * product * v[i];
  for (std::size_t i = k + 1; i < n; ++i)
    for (std::size_t j = k + 1; j <= i; ++j) a[i * n + j] -= v[i] * w[j] + w[i] * v[j];
  a[(k + 1) * n + k] = -length;
}

Tridiagonal reduced(std::vector<double>& a, std::size_t n) {
  std::vector<double> v(n), w(n);
  for (std::size_t k = 0; k + 2 < n; ++k) reflect(a, n, k, v, w);
  Tridiagonal t;
  for (std::size_t i = 0; i < n; ++i) {
    t.diagonal.push_back(a[i * n + i]);
    if (i + 1 < n) t.below.push_back(a[(i + 1) * n + i]);
  }
  return t;
}

// Whether some eigenvalue of sign * t lies above x.
bool any_above(const Tridiagonal& t, double sign, double x) {
  constexpr double kTiny = 1e-300;
  double pivot = 1;
  for (std::size_t i = 0; i < t.diagonal.size(); ++i) {
    const double below = i > 0 ? t.below[i - 1] : 0;
    pivot = sign * t.diagonal[i] - x - below * below / pivot;
    if (pivot > 0) return true;
    if (pivot == 0) pivot = -kTiny;
  }
  return false;
}

}  // namespace

double spectral_norm(std::vector<double> matrix, std::size_t size) {
  if (size == 0 || matrix.size() != size * size) throw std::invalid_argument("a matrix and its size differ");
  const Tridiagonal t = reduced(matrix, size);
  double bound = 0;  // Gershgorin's
  for (std::size_t i = 0; i < size; ++i)
    bound = std::max(bound, std::abs(t.diagonal[i]) + (i > 0 ? std::abs(t.below[i - 1]) : 0) +
                                (i + 1 < size ? std::abs(t.below[i]) : 0));
  double low = 0, high = bound;
  for (int step = 0; step < 64 && low < high; ++step) {
    const double middle = low + (high - low) / 2;
    (any_above(t, 1, middle) || any_above(t, -1, middle) ? low : high) = middle;
  }
  return high;
}

}  // namespace ctforge::eval
