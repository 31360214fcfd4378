// Grey PNG files through libpng's simplified interface.
#include "io/file/png_image.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"

#include <string>

#include <png.h>

namespace ctforge::io {

namespace {

constexpr std::int64_t kPixelLimit = std::int64_t{1} << 26;

// Frees what libpng keeps between the header and the pixels, also when the pixels are not wanted.
struct Png {
  png_image image = {};
  Png() { image.version = PNG_IMAGE_VERSION; }
  ~Png() { png_image_free(&image); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
};

}  // namespace

GreyImage read_grey_png(const std::filesystem::path& path) {
  const std::string bytes = read_whole_file(path);
  Png png;
  if (png_image_begin_read_from_memory(&png.image, bytes.data(), bytes.size()) == 0)
    throw DataError(Fault::Unreadable, "a PNG file is damaged");
  if ((png.image.format & (PNG_FORMAT_FLAG_ALPHA | PNG_FORMAT_FLAG_LINEAR)) != 0)
    throw DataError(Fault::UnsupportedFormat, "a PNG image has transparency or 16 bits; 8-bit grey is read");
  GreyImage grey{.height = png.image.height, .width = png.image.width};
  if (grey.height * grey.width > kPixelLimit) throw DataError(Fault::TooLarge, "a PNG image of more than 2^26 pixels");
  png.image.format = PNG_FORMAT_RGB;  // grey is repeated: levels come through as they are
  std::vector<std::uint8_t> colour(static_cast<std::size_t>(3 * grey.height * grey.width));
  if (png_image_finish_read(&png.image, nullptr, colour.data(), 0, nullptr) == 0)
    throw DataError(Fault::Unreadable, "a PNG file is damaged");
  grey.level.reserve(colour.size() / 3);
  for (std::size_t i = 0; i < colour.size(); i += 3) {
    if (colour[i] != colour[i + 1] || colour[i] != colour[i + 2])
      throw DataError(Fault::UnsupportedFormat, "a PNG image is coloured; 8-bit grey is read");
    grey.level.push_back(colour[i]);
  }
  return grey;
}

}  // namespace ctforge::io
