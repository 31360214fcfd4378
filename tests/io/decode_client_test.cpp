// Where the decoder is looked for, and headers of volume files.
#include "io/decode_client.h"

#include "tests/io/dicom_samples.h"
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

TEST(DecodeClient, ReadsGeometryOfVolumeFiles) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "v.nii", test::sample_nifti());
  std::vector<std::string> notes;
  EXPECT_EQ(read_volume_geometry(folder / "v.nii", 100, {}, notes).voxels(), 12);
  test::write_file(folder / "v.mha", "no header");
  EXPECT_THROW(read_volume_geometry(folder / "v.mha", 100, {}, notes), DataError);
}

}  // namespace
}  // namespace ctforge::io
