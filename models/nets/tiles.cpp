// Rows of tiles, blended with those above and to the left.
#include "models/nets/tiles.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <vector>

namespace ctforge::nets {

namespace {

using torch::Tensor;

// Lengths in pixels: of a tile and of the step from one to the next on the way in, of the blend and of what is kept of
// a tile on the way out.
struct Lengths {
  std::int64_t tile_in, step_in, blend_out, keep_out;
};

void check(const Tiling& tiling) {
  if (tiling.tile < 0 || !(tiling.overlap >= 0 && tiling.overlap <= 0.5))
    throw std::invalid_argument("a tile must not be negative, nor its overlap beyond 0 to 0.5");
}

// The first `length` lines of `tile` along the axis become a passage from the last lines of `before`.
void blend(const Tensor& before, Tensor& tile, std::int64_t length, std::int64_t axis) {
  const std::int64_t n = std::min({length, before.size(axis), tile.size(axis)});
  if (n == 0) return;
  std::vector<std::int64_t> shape(4, 1);
  shape[static_cast<std::size_t>(axis)] = n;
  const auto share = (torch::arange(n, tile.options()) / static_cast<double>(n)).view(shape);
  const auto last = before.narrow(axis, before.size(axis) - n, n), first = tile.narrow(axis, 0, n);
  tile = torch::cat({last * (1 - share) + first * share, tile.narrow(axis, n, tile.size(axis) - n)}, axis);
}

Tensor in_tiles(const Tensor& x, const Lengths& lengths, const std::function<Tensor(const Tensor&)>& work) {
  std::vector<std::vector<Tensor>> tiles;
  for (std::int64_t top = 0; top < x.size(2); top += lengths.step_in) {
    tiles.emplace_back();
    for (std::int64_t left = 0; left < x.size(3); left += lengths.step_in) {
      const auto part = x.narrow(2, top, std::min(lengths.tile_in, x.size(2) - top))
                            .narrow(3, left, std::min(lengths.tile_in, x.size(3) - left));
      tiles.back().push_back(work(part.contiguous()));
    }
  }
  std::vector<Tensor> rows;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    std::vector<Tensor> row;
    for (std::size_t j = 0; j < tiles[i].size(); ++j) {
      Tensor& tile = tiles[i][j];
      if (i > 0) blend(tiles[i - 1][j], tile, lengths.blend_out, 2);
      if (j > 0) blend(tiles[i][j - 1], tile, lengths.blend_out, 3);
      row.push_back(tile.narrow(2, 0, std::min(lengths.keep_out, tile.size(2)))
                        .narrow(3, 0, std::min(lengths.keep_out, tile.size(3))));
    }
    rows.push_back(torch::cat(row, 3));
  }
  return torch::cat(rows, 2);
}

}  // namespace

Moments encode_tiled(Autoencoder& net, const Tensor& x, const Tiling& tiling) {
  check(tiling);
  const std::int64_t factor = net->factor(), tile = tiling.tile * factor;
  if (tile == 0 || x.dim() != 4 || (x.size(2) <= tile && x.size(3) <= tile)) return net->encode(x);
  if (x.size(2) % factor != 0 || x.size(3) % factor != 0)
    throw std::invalid_argument("sides must be multiples of " + std::to_string(factor));
  const auto blended = static_cast<std::int64_t>(static_cast<double>(tiling.tile) * tiling.overlap);
  const std::int64_t kept = tiling.tile - blended;
  const std::int64_t channels = net->config().latent_channels;
  const auto joined = in_tiles(x, {tile, kept * factor, blended, kept}, [&net](const Tensor& part) {
    const Moments moments = net->encode(part);
    return torch::cat({moments.mean, moments.logvar}, 1);
  });
  return {joined.narrow(1, 0, channels), joined.narrow(1, channels, channels)};
}

Tensor decode_tiled(Autoencoder& net, const Tensor& z, const Tiling& tiling) {
  check(tiling);
  if (tiling.tile == 0 || z.dim() != 4 || (z.size(2) <= tiling.tile && z.size(3) <= tiling.tile)) return net->decode(z);
  const auto blended = static_cast<std::int64_t>(static_cast<double>(tiling.tile) * tiling.overlap);
  const std::int64_t kept = tiling.tile - blended, factor = net->factor();
  return in_tiles(z, {tiling.tile, kept, blended * factor, kept * factor},
                  [&net](const Tensor& part) { return net->decode(part); });
}

}  // namespace ctforge::nets
