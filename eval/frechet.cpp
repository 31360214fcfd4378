// The Fréchet distance between two sets of features: merged moments, Cholesky, and the nuclear norm for few rows.
#include "eval/frechet.h"

#include "eval/symmetric_product.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <tuple>

namespace ctforge::eval {
namespace {

torch::Tensor checked_rows(const torch::Tensor& rows, std::int64_t least) {
  if (rows.dim() != 2 || rows.size(0) < least || rows.size(1) < 1 || !rows.is_floating_point()) {
    throw std::invalid_argument("features must be floating point [N,D] with N >= " + std::to_string(least));
  }
  return rows.detach().to(torch::kCPU, torch::kFloat64);
}

double total_variance(const torch::Tensor& matrix) { return matrix.trace().item<double>(); }

// A lower triangular L with L L^T = covariance: Cholesky with a jitter far below the accuracy asked for, else of the
// symmetric root.
torch::Tensor factor(const torch::Tensor& covariance) {
  const std::int64_t dimensions = covariance.size(0);
  const double jitter = 1e-12 * std::max(total_variance(covariance) / static_cast<double>(dimensions), 1e-300);
  const torch::Tensor shifted = covariance + jitter * torch::eye(dimensions, torch::kFloat64);
  auto [lower, info] = torch::linalg_cholesky_ex(shifted);
  if (info.item<int>() == 0) return lower;
  const auto [values, vectors] = torch::linalg_eigh(covariance);
  const torch::Tensor root = vectors * values.clamp_min(0).sqrt().unsqueeze(0);
  return std::get<1>(torch::linalg_qr(root.t(), "r")).t().contiguous();  // R^T R = root root^T
}

// Tr((C1 C2)^(1/2)) of rank-deficient covariances from the centred rows x [N,D] and y [M,D].
// The longer set is first shortened to its D x D triangular factor, which leaves the singular values as they are.
double trace_from_rows(const torch::Tensor& x, const torch::Tensor& y) {
  const auto reduced = [](const torch::Tensor& rows) {
    return rows.size(0) > rows.size(1) ? std::get<1>(torch::linalg_qr(rows, "r")) : rows;
  };
  const double scale = std::sqrt(static_cast<double>(x.size(0) - 1) * static_cast<double>(y.size(0) - 1));
  return torch::linalg_svdvals(torch::matmul(reduced(x), reduced(y).t())).sum().item<double>() / scale;
}

}  // namespace

void Moments::add(const torch::Tensor& rows) {
  const torch::Tensor x = checked_rows(rows, 1);
  const torch::Tensor mean = x.mean(0);
  const torch::Tensor centred = x - mean;
  merge(x.size(0), mean, gram(centred));
}

void Moments::merge(const Moments& other) {
  if (other.count_ > 0) merge(other.count_, other.mean_, other.scatter_);
}

void Moments::merge(std::int64_t count, const torch::Tensor& mean, const torch::Tensor& scatter) {
  if (count_ == 0) {
    count_ = count;
    mean_ = mean.clone();
    scatter_ = scatter.clone();
    return;
  }
  if (mean.size(0) != mean_.size(0)) throw std::invalid_argument("features of different length cannot be merged");
  const double total = static_cast<double>(count_ + count);
  const torch::Tensor shift = mean - mean_;
  const double weight = static_cast<double>(count_) * static_cast<double>(count) / total;
  scatter_ += scatter + weight * torch::outer(shift, shift);
  mean_ += shift * (static_cast<double>(count) / total);
  count_ += count;
}

Gaussian Moments::gaussian() const {
  if (count_ < 2) throw std::invalid_argument("a covariance needs at least two rows");
  return {mean_.clone(), scatter_ / static_cast<double>(count_ - 1), count_};
}

double frechet_distance(const Gaussian& a, const Gaussian& b) {
  if (a.mean.sizes() != b.mean.sizes()) throw std::invalid_argument("Gaussians of different dimension");
  const torch::Tensor lower = factor(a.covariance);
  const torch::Tensor values = torch::linalg_eigvalsh(congruence(lower, b.covariance));
  const double root_trace = values.clamp_min(0).sqrt().sum().item<double>();
  const double shift = (a.mean - b.mean).square().sum().item<double>();
  return shift + total_variance(a.covariance) + total_variance(b.covariance) - 2 * root_trace;
}

double frechet_distance(const torch::Tensor& x, const torch::Tensor& y) {
  const torch::Tensor first = checked_rows(x, 2);
  const torch::Tensor second = checked_rows(y, 2);
  if (first.size(1) != second.size(1)) throw std::invalid_argument("features of different length");
  if (std::min(first.size(0), second.size(0)) > first.size(1)) {
    Moments a, b;
    a.add(first);
    b.add(second);
    return frechet_distance(a.gaussian(), b.gaussian());
  }
  const torch::Tensor mean_x = first.mean(0), mean_y = second.mean(0);
  const torch::Tensor centred_x = first - mean_x, centred_y = second - mean_y;
  const double variance = centred_x.square().sum().item<double>() / static_cast<double>(first.size(0) - 1) +
                          centred_y.square().sum().item<double>() / static_cast<double>(second.size(0) - 1);
  return (mean_x - mean_y).square().sum().item<double>() + variance - 2 * trace_from_rows(centred_x, centred_y);
}

double isotropic_bias(std::int64_t dimensions, std::int64_t count) {
  const double d = static_cast<double>(dimensions);
  return (2 * d + d * (d + 1) / 2) / static_cast<double>(count);
}

}  // namespace ctforge::eval
