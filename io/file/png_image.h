// Grey images from PNG files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace ctforge::io {

struct GreyImage {
  std::int64_t height = 0, width = 0;
  std::vector<std::uint8_t> level;  // [H,W], 0 black to 255 white
};

// 8 bits or fewer; colour whose three channels are equal everywhere counts as grey. Throws DataError: Unreadable,
// UnsupportedFormat for colour, transparency and 16 bits (which would have to be windowed), TooLarge beyond 2^26
// pixels.
GreyImage read_grey_png(const std::filesystem::path& path);

}  // namespace ctforge::io
