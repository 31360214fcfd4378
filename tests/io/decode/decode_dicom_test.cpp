// Slices decoded side by side land in their places, and the first fault by slice number is the one that is told.
#include "io/decode/decode.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

DecodeRequest request_for(const std::vector<std::filesystem::path>& files) {
  DecodeRequest request;
  request.threads = 3;
  request.size = {test::kSampleColumns, test::kSampleRows, static_cast<std::int64_t>(files.size())};
  for (const auto& file : files) request.paths.push_back(file.string());
  return request;
}

TEST(DecodeDicom, SlicesInTheOrderOfTheRequestAtAnyThreadCount) {
  const test::TemporaryFolder folder;
  auto files = test::write_sample_series(folder.path(), 5);
  std::swap(files[0], files[4]);
  DecodeRequest request = request_for(files);
  for (const std::int64_t threads : {1, 3, 100}) {
    request.threads = threads;
    std::vector<std::int16_t> hu(5 * 24);
    decode_dicom(request, std::as_writable_bytes(std::span(hu)));
    for (std::size_t at = 0; at < 5; ++at)
      for (int i = 0; i < 24; ++i) {
        const std::size_t slice = at == 0 ? 4 : at == 4 ? 0 : at;
        ASSERT_EQ(hu[at * 24 + static_cast<std::size_t>(i)], test::sample_stored(slice, i) - 1024);
      }
  }
}

TEST(DecodeDicom, TellsTheFirstFaultBySliceNumber) {
  const test::TemporaryFolder folder;
  const auto files = test::write_sample_series(folder.path(), 6, [](DcmDataset& data, std::size_t slice) {
    if (slice == 2) data.findAndDeleteElement(DCM_RescaleSlope);
    if (slice == 4) data.putAndInsertString(DCM_PixelSpacing, "0\\0");
  });
  std::vector<std::int16_t> hu(6 * 24);
  for (int repeat = 0; repeat < 5; ++repeat) try {
      decode_dicom(request_for(files), std::as_writable_bytes(std::span(hu)));
      FAIL() << "nothing was refused";
    } catch (const DataError& error) {
      EXPECT_EQ(error.fault(), Fault::MissingRescale);
      EXPECT_TRUE(std::string(error.what()).starts_with("slice 3 of 6: ")) << error.what();
    }
}

TEST(DecodeDicom, NeedsOneFileASlice) {
  const test::TemporaryFolder folder;
  DecodeRequest request = request_for(test::write_sample_series(folder.path(), 3));
  request.size[2] = 2;
  std::vector<std::int16_t> hu(3 * 24);
  EXPECT_THROW(decode_dicom(request, std::as_writable_bytes(std::span(hu))), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
