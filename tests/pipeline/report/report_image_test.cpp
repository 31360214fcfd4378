// Grey levels and contours by hand; encodings against published vectors.
#include "pipeline/report/report_image.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(ReportImage, WindowIsLinearInHu) {
  const std::vector<std::int16_t> hu = {-160, 40, 240, 3000};
  const auto rgb = render_patch(hu, {}, 1, 4, 1, 40, 400);
  EXPECT_EQ(rgb[0], 0);
  EXPECT_EQ(rgb[3], 128);
  EXPECT_EQ(rgb[6], 255);
  EXPECT_EQ(rgb[9], 255);
}

TEST(ReportImage, ContourLiesOnTheLabelsInnerBorder) {
  const std::vector<std::int16_t> hu(25, -1000);
  std::vector<std::uint8_t> mask(25, 0);
  for (const int y : {1, 2, 3})
    for (const int x : {1, 2, 3}) mask[static_cast<std::size_t>(5 * y + x)] = 2;
  const auto rgb = render_patch(hu, mask, 5, 5, 1, 40, 400);
  const auto pixel = [&](std::size_t y, std::size_t x) { return rgb[3 * (5 * y + x)]; };
  EXPECT_EQ(pixel(1, 1), label_colour(2)[0]);
  EXPECT_EQ(pixel(2, 2), 0);  // inside
  EXPECT_EQ(pixel(0, 0), 0);  // outside
}

TEST(ReportImage, Base64OfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(ReportImage, PngHasItsSignatureAndSize) {
  const std::string png = encode_png(std::vector<std::uint8_t>(3 * 2 * 3, 7), 2, 3);
  EXPECT_EQ(png.substr(1, 3), "PNG");
  EXPECT_EQ(png[19], 3);  // width in the IHDR chunk
  EXPECT_EQ(png[23], 2);
  EXPECT_TRUE(data_uri(png).starts_with("data:image/png;base64,iVBOR"));
  EXPECT_EQ(css_colour({255, 0, 16}), "#ff0010");
}

}  // namespace
}  // namespace ctforge::pipeline
