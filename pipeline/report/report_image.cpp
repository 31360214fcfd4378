// Rendering and encoding of patches for the report.
#include "pipeline/report/report_image.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include <png.h>

namespace ctforge::pipeline {

namespace {

constexpr std::array<Colour, 8> kColours = {{{230, 159, 0},
                                             {86, 180, 233},
                                             {0, 158, 115},
                                             {240, 228, 66},
                                             {0, 114, 178},
                                             {213, 94, 0},
                                             {204, 121, 167},
                                             {255, 255, 255}}};

std::uint8_t grey(std::int16_t hu, double level_hu, double width_hu) {
  const double fraction = (hu - level_hu) / width_hu + 0.5;
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(fraction, 0.0, 1.0)));
}

}  // namespace

Colour label_colour(std::uint8_t label) { return kColours[(label + kColours.size() - 1) % kColours.size()]; }

std::string css_colour(const Colour& colour) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", colour[0], colour[1], colour[2]);
  return text;
}

std::vector<std::uint8_t> render_patch(std::span<const std::int16_t> hu, std::span<const std::uint8_t> mask,
                                       std::int64_t height, std::int64_t width, std::int64_t scale, double level_hu,
                                       double width_hu) {
  const std::int64_t rows = height * scale, columns = width * scale;
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(rows * columns * 3));
  // The label at a display pixel; beyond the patch there is none, so that labels are closed at its edge.
  const auto label_at = [&](std::int64_t y, std::int64_t x) -> std::uint8_t {
    if (mask.empty() || y < 0 || x < 0 || y >= rows || x >= columns) return 0;
    return mask[static_cast<std::size_t>((y / scale) * width + x / scale)];
  };
  for (std::int64_t y = 0; y < rows; ++y) {
    for (std::int64_t x = 0; x < columns; ++x) {
      const std::uint8_t value =
          grey(hu[static_cast<std::size_t>((y / scale) * width + x / scale)], level_hu, width_hu);
      Colour colour = {value, value, value};
      const std::uint8_t label = label_at(y, x);
      const bool border = label != 0 && (label_at(y - 1, x) != label || label_at(y + 1, x) != label ||
                                         label_at(y, x - 1) != label || label_at(y, x + 1) != label);
      if (border) colour = label_colour(label);
      std::copy(colour.begin(), colour.end(), rgb.begin() + 3 * (y * columns + x));
    }
  }
  return rgb;
}

std::string encode_png(std::span<const std::uint8_t> rgb, std::int64_t height, std::int64_t width) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.format = PNG_FORMAT_RGB;
  image.height = static_cast<png_uint_32>(height);
  image.width = static_cast<png_uint_32>(width);
  png_alloc_size_t size = 0;
  if (png_image_write_to_memory(&image, nullptr, &size, 0, rgb.data(), 0, nullptr) == 0)
    throw std::runtime_error("a picture cannot be encoded");
  std::string png(size, '\0');
  if (png_image_write_to_memory(&image, png.data(), &size, 0, rgb.data(), 0, nullptr) == 0)
    throw std::runtime_error("a picture cannot be encoded");
  png.resize(size);
  return png;
}

std::string base64(const std::string& bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += i + k <= bytes.size() ? digits[group >> (18 - 6 * k) & 63U] : '=';
  }
  return text;
}

std::string data_uri(const std::string& png) { return "data:image/png;base64," + base64(png); }

}  // namespace ctforge::pipeline
