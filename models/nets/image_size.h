// Height and width of a picture.
#pragma once

#include <cstdint>

namespace ctforge::nets {

struct ImageSize {
  std::int64_t height = 0, width = 0;  // pixels; 0: not said

  ImageSize() = default;
  ImageSize(std::int64_t side) : height(side), width(side) {}  // NOLINT: a number is a square's size
  ImageSize(std::int64_t h, std::int64_t w) : height(h), width(w) {}
  bool known() const { return height > 0 && width > 0; }
  bool operator==(const ImageSize&) const = default;
};

}  // namespace ctforge::nets
