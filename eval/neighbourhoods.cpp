// Tiles of products, the radii found in them, and the scores counted over them.
#include "eval/neighbourhoods.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace ctforge::eval {
namespace {

constexpr std::int64_t kTile = 1024;  // rows and columns: 4 MB of products
// Candidates beyond the neighbours asked for: without them every near tie would cost a whole row.
constexpr std::int64_t kSpare = 6;

using UseTile = std::function<void(const float* products, std::int64_t first_row, std::int64_t rows,
                                   std::int64_t first_column, std::int64_t columns)>;

enum class Tiles { All, FromDiagonal };

void for_each_tile(const torch::Tensor& x, const torch::Tensor& y, Tiles tiles, const UseTile& use) {
  for (std::int64_t i = 0; i < x.size(0); i += kTile) {
    const std::int64_t rows = std::min(kTile, x.size(0) - i);
    for (std::int64_t j = tiles == Tiles::All ? 0 : i; j < y.size(0); j += kTile) {
      const std::int64_t columns = std::min(kTile, y.size(0) - j);
      const torch::Tensor products = torch::matmul(x.narrow(0, i, rows), y.narrow(0, j, columns).t()).contiguous();
      use(products.const_data_ptr<float>(), i, rows, j, columns);
    }
  }
}

double mean_of(const std::vector<std::uint8_t>& flags) {
  return static_cast<double>(std::accumulate(flags.begin(), flags.end(), std::int64_t{0})) /
         static_cast<double>(flags.size());
}

torch::Tensor checked(const torch::Tensor& rows, const torch::Tensor& centre) {
  if (rows.dim() != 2 || (rows.scalar_type() != torch::kFloat32 && rows.scalar_type() != torch::kFloat64) ||
      rows.size(0) <= kDensityNeighbour || rows.size(1) < 1 || centre.dim() != 1 || centre.size(0) != rows.size(1)) {
    throw std::invalid_argument("neighbourhoods need more rows of features than neighbours, and a centre");
  }
  if (!torch::isfinite(rows).all().item<bool>()) throw std::invalid_argument("features must be finite");
  return rows.detach().to(torch::kCPU).contiguous();
}

}  // namespace

Neighbourhoods::Neighbourhoods(const torch::Tensor& rows, const torch::Tensor& centre)
    : rows_(checked(rows, centre)),
      centred_((rows_.to(torch::kFloat64) - centre.to(torch::kFloat64)).to(torch::kFloat32)),
      norms_(torch::empty({rows_.size(0)}, torch::kFloat32)),
      squared_(torch::empty({rows_.size(0), kDensityNeighbour}, torch::kFloat64)) {
  for (std::int64_t i = 0; i < size(); i += kTile) {
    const std::int64_t count = std::min(kTile, size() - i);
    norms_.narrow(0, i, count).copy_(centred_.narrow(0, i, count).to(torch::kFloat64).square().sum(1));
  }
  const std::int64_t keep = std::min(kDensityNeighbour + kSpare, size());
  const torch::Tensor bound = torch::full({size(), keep}, std::numeric_limits<double>::infinity(), torch::kFloat64);
  const torch::Tensor index = torch::zeros({size(), keep}, torch::kInt64);
  const Candidates candidates{bound.data_ptr<double>(), index.data_ptr<std::int64_t>(), keep};
  const RowsView own = view();
  for_each_tile(centred_, centred_, Tiles::FromDiagonal,
                [&](const float* products, std::int64_t i, std::int64_t height, std::int64_t j, std::int64_t width) {
                  offer_tile(own, products, i, height, j, width, candidates);
                  // The tile below the diagonal is this one's mirror.
                  if (j > i) offer_mirrored_tile(own, products, i, height, j, width, candidates);
                });
  exact_neighbours(own, candidates, kDensityNeighbour, squared_.data_ptr<double>());
}

torch::Tensor Neighbourhoods::squared_radii(std::int64_t k) const {
  if (k < 1 || k > kDensityNeighbour) throw std::invalid_argument("no such neighbour is kept");
  return squared_.select(1, k - 1).contiguous();
}

RowsView Neighbourhoods::view() const {
  RowsView view;
  if (rows_.scalar_type() == torch::kFloat32)
    view.single = rows_.const_data_ptr<float>();
  else
    view.twice = rows_.const_data_ptr<double>();
  view.norms = norms_.const_data_ptr<float>();
  view.count = rows_.size(0);
  view.dimensions = rows_.size(1);
  return view;
}

NeighbourhoodScores neighbourhood_scores(const Neighbourhoods& real, const Neighbourhoods& synthetic) {
  const RowsView ours = real.view(), theirs = synthetic.view();
  if (ours.dimensions != theirs.dimensions || (ours.single == nullptr) != (theirs.single == nullptr)) {
    throw std::invalid_argument("features of different length or type");
  }
  const torch::Tensor real_manifold = real.squared_radii(kManifoldNeighbour),
                      real_density = real.squared_radii(kDensityNeighbour),
                      synthetic_manifold = synthetic.squared_radii(kManifoldNeighbour);
  std::vector<std::int64_t> inside(static_cast<std::size_t>(real.size()), 0);
  std::vector<std::uint8_t> recalled(static_cast<std::size_t>(real.size()), 0),
      precise(static_cast<std::size_t>(synthetic.size()), 0);
  const Coverage coverage{real_manifold.const_data_ptr<double>(),
                          real_density.const_data_ptr<double>(),
                          synthetic_manifold.const_data_ptr<double>(),
                          inside.data(),
                          recalled.data(),
                          precise.data()};
  for_each_tile(real.centred(), synthetic.centred(), Tiles::All,
                [&](const float* products, auto... where) { cover_tile(ours, theirs, products, where..., coverage); });
  NeighbourhoodScores scores;
  scores.precision = mean_of(precise);
  scores.recall = mean_of(recalled);
  scores.density = static_cast<double>(std::accumulate(inside.begin(), inside.end(), std::int64_t{0})) /
                   static_cast<double>(kDensityNeighbour * synthetic.size());
  const auto covered = std::count_if(inside.begin(), inside.end(), [](std::int64_t count) { return count > 0; });
  scores.coverage = static_cast<double>(covered) / static_cast<double>(real.size());
  return scores;
}

NeighbourhoodScores neighbourhood_scores(const torch::Tensor& real, const torch::Tensor& synthetic) {
  const torch::Tensor centre = real.to(torch::kFloat64).mean(0);
  return neighbourhood_scores(Neighbourhoods(real, centre), Neighbourhoods(synthetic, centre));
}

}  // namespace ctforge::eval
