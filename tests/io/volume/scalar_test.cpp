// Conversions with values worked out by hand.
#include "io/volume/scalar.h"

#include "io/file/fault.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

template <class Value>
std::vector<std::int16_t> hu_of(Scalar scalar, const std::vector<Value>& stored, const Rescale& rescale = {}) {
  std::vector<std::int16_t> hu(stored.size());
  convert_to_hu(scalar, std::as_bytes(std::span(stored)), false, rescale, hu);
  return hu;
}

TEST(Scalar, RoundsHalvesAwayFromZero) {
  EXPECT_EQ(hu_of<float>(Scalar::F32, {0.5F, -0.5F, 1.49F, -1000.0F}), (std::vector<std::int16_t>{1, -1, 1, -1000}));
  EXPECT_EQ(hu_of<std::uint16_t>(Scalar::U16, {0, 3}, {0.5, -1024}), (std::vector<std::int16_t>{-1024, -1023}));
}

TEST(Scalar, ReversesBytes) {
  const std::vector<std::uint8_t> stored = {0x01, 0x02};
  std::vector<std::int16_t> hu(1);
  convert_to_hu(Scalar::I16, std::as_bytes(std::span(stored)), true, {}, hu);
  EXPECT_EQ(hu[0], 0x0102);
}

TEST(Scalar, RefusesWhatDoesNotFit) {
  EXPECT_THROW(hu_of<float>(Scalar::F32, {std::numeric_limits<float>::infinity()}), DataError);
  EXPECT_THROW(hu_of<double>(Scalar::F64, {std::nan("")}), DataError);
  EXPECT_THROW(hu_of<std::int32_t>(Scalar::I32, {32768}), DataError);
}

TEST(Scalar, LabelsAreIntegersOfOneByte) {
  std::vector<std::uint8_t> labels(2);
  const std::vector<float> sound = {0, 255}, broken = {0, 1.5F}, large = {0, 256};
  convert_to_labels(Scalar::F32, std::as_bytes(std::span(sound)), false, {}, labels);
  EXPECT_EQ(labels, (std::vector<std::uint8_t>{0, 255}));
  EXPECT_THROW(convert_to_labels(Scalar::F32, std::as_bytes(std::span(broken)), false, {}, labels), DataError);
  EXPECT_THROW(convert_to_labels(Scalar::F32, std::as_bytes(std::span(large)), false, {}, labels), DataError);
}

}  // namespace
}  // namespace ctforge::io
