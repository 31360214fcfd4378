// Where the decoder is looked for, and headers of volume files.
#include "io/decode/decode_client.h"

#include "io/volume/volume_file.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(DecodeClient, TheNamedDecoderComesFirst) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "mine", "");
  DecodeOptions options;
  options.decoder = folder / "mine";
  EXPECT_EQ(find_decoder(options), folder / "mine");
  options.decoder = folder / "absent";
  EXPECT_THROW(find_decoder(options), std::runtime_error);
}

TEST(DecodeClient, ReadsHeadersOfVolumeFiles) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "v.nii", test::sample_nifti());
  const VolumeHeader header = read_volume_header(folder / "v.nii", 100, {});
  EXPECT_EQ(header.geometry.voxels(), 12);
  EXPECT_EQ(header.scalar, Scalar::I16);
  EXPECT_EQ(header.rescale.slope, 1);
  write_labels(folder / "l.mha", {header.geometry, std::vector<std::uint8_t>(12, 1)});
  EXPECT_EQ(read_volume_header(folder / "l.mha", 100, {}).scalar, Scalar::U8);
  test::write_file(folder / "v.mha", "no header");
  EXPECT_THROW(read_volume_header(folder / "v.mha", 100, {}), DataError);
}

}  // namespace
}  // namespace ctforge::io
