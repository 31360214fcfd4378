// CT patches as pictures in a page: windowed grey levels, mask contours in colour, PNG in a data URI.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ctforge::pipeline {

using Colour = std::array<std::uint8_t, 3>;

// A colour for each label value from 1 on, told apart also by most colour-blind readers (Okabe and Ito 2008), repeated
// after the eighth.
Colour label_colour(std::uint8_t label);
// "#rrggbb".
std::string css_colour(const Colour& colour);

// Red, green, blue of each pixel, [H*scale, W*scale, 3]: level_hu is mid-grey, and width_hu wide the range from black
// to white. Each pixel becomes scale x scale; the outline of every label is one display pixel wide along the label's
// inner border. mask may be empty.
std::vector<std::uint8_t> render_patch(std::span<const std::int16_t> hu, std::span<const std::uint8_t> mask,
                                       std::int64_t height, std::int64_t width, std::int64_t scale, double level_hu,
                                       double width_hu);

// A PNG file's bytes of 8-bit RGB pixels. Throws std::runtime_error when libpng fails.
std::string encode_png(std::span<const std::uint8_t> rgb, std::int64_t height, std::int64_t width);
// "data:image/png;base64,...".
std::string data_uri(const std::string& png);
// RFC 4648 section 4.
std::string base64(const std::string& bytes);

}  // namespace ctforge::pipeline
