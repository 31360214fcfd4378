// Which image of which file a slice is.
#pragma once

#include <cstdint>

namespace ctforge::io {

struct SliceSource {
  std::uint32_t file = 0;   // index into a list of files
  std::uint32_t frame = 0;  // of an enhanced multi-frame object, from 0

  bool operator==(const SliceSource&) const = default;
};

}  // namespace ctforge::io
