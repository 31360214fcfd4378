// How group normalisation cuts an array into tiles that are worked on in parallel. Included by group_norm_kernel.cpp
// only, which is compiled with OpenMP.
#pragma once

#include "models/nets/group_norm_kernel.h"
#include "models/nets/group_norm_loops.h"

#include <algorithm>
#include <cstdint>

#include <ATen/Parallel.h>

namespace ctforge::nets::kernel {

// How the array is cut. The cut depends on the shape alone, and partial sums are combined in a fixed order, so that
// results do not depend on the number of threads.
struct Tiling {
  explicit Tiling(const Problem& problem) : p(problem) {
    constexpr std::int64_t kElements = 16384;  // of a tile: two arrays of it fit into a second-level cache
    const std::int64_t row = p.channels_last ? std::max<std::int64_t>(1, kElements / p.channels) : kElements / 4;
    chunk = std::min(p.pixels, row);
    chunks = (p.pixels + chunk - 1) / chunk;
  }

  // Tiles in all, and how many values of each sum a tile has.
  std::int64_t count() const { return p.samples * chunks * (p.channels_last ? 1 : p.channels); }
  std::int64_t values() const { return p.channels_last ? p.channels : 1; }

  // Place of the sums of (sample, chunk, channel) among those of all tiles.
  std::int64_t place(std::int64_t sample, std::int64_t part, std::int64_t channel) const {
    return p.channels_last ? (sample * chunks + part) * p.channels + channel
                           : (sample * p.channels + channel) * chunks + part;
  }

  // Calls body(tile, first channel's place in [samples*channels], tile index) for all tiles, in parallel. The tile has
  // its extent; `element` is its first element's index.
  template <class Body>
  void for_each(const Body& body) const {
    const std::int64_t grain = std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, chunk * values()));
    at::parallel_for(0, count(), grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t index = begin; index < end; ++index) {
        const std::int64_t part = index % chunks, outer = index / chunks;
        const std::int64_t pixels = std::min(chunk, p.pixels - part * chunk);
        Tile tile{.rows = p.channels_last ? pixels : 1,
                  .length = p.channels_last ? p.channels : pixels,
                  .element = p.element,
                  .act = p.act,
                  .leaky_slope = p.leaky_slope,
                  .channels_last = p.channels_last};
        const std::int64_t first = outer * p.pixels * values() + part * chunk * values();
        body(tile, outer * values(), first, index * values());
      }
    });
  }

  Problem p;
  std::int64_t chunk = 0, chunks = 0;
};

inline const void* at(const void* base, Element element, std::int64_t index) {
  return static_cast<const char*>(base) + index * (element == Element::Float32 ? 4 : 2);
}
inline void* at(void* base, Element element, std::int64_t index) {
  return static_cast<char*>(base) + index * (element == Element::Float32 ? 4 : 2);
}

}  // namespace ctforge::nets::kernel
