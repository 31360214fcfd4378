// Requests are answered by the reader they name; NIfTI voxels in the order of the geometry, and nothing behind them.
#include "io/decode/decode.h"

#include "io/volume/scalar.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <numeric>

#include <gtest/gtest.h>
#include <zlib.h>

namespace ctforge::io {
namespace {

DecodeRequest request_for(const std::filesystem::path& path) {
  DecodeRequest request;
  request.task = DecodeTask::Nifti;
  request.voxel_cap = 100;
  request.size = {3, 2, 2};
  request.paths = {path.string()};
  return request;
}

std::vector<std::int16_t> hu_of(const DecodeRequest& request) {
  std::vector<std::int16_t> hu(12);
  DecodeReply reply;
  decode(request, std::as_writable_bytes(std::span(hu)), reply);
  EXPECT_EQ(static_cast<Scalar>(reply.scalar), Scalar::I16);
  return hu;
}

Fault fault_of(const DecodeRequest& request) {
  std::vector<std::int16_t> hu(12);
  DecodeReply reply;
  try {
    decode(request, std::as_writable_bytes(std::span(hu)), reply);
  } catch (const DataError& error) {
    return error.fault();
  }
  ADD_FAILURE() << "nothing was refused";
  return Fault::Unreadable;
}

TEST(Decode, NiftiVoxelsInFileOrder) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "v.nii", test::sample_nifti());
  std::vector<std::int16_t> expected(12);
  std::iota(expected.begin(), expected.end(), std::int16_t{0});
  EXPECT_EQ(hu_of(request_for(folder / "v.nii")), expected);
}

// Axes to the right, front and feet are left-handed: the slices are turned round, and with them the origin.
TEST(Decode, LeftHandedSlicesAreTurnedRound) {
  const test::TemporaryFolder folder;
  std::string bytes = test::with_value(test::sample_nifti(), 76, -1.0F);  // qfac
  test::write_file(folder / "v.nii", test::with_value(bytes, 320, -1.0F));
  EXPECT_EQ(hu_of(request_for(folder / "v.nii")), (std::vector<std::int16_t>{6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5}));
}

TEST(Decode, LabelsAreBytesAndHaveARange) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "v.nii", test::sample_nifti());
  DecodeRequest request = request_for(folder / "v.nii");
  request.labels = true;
  std::vector<std::uint8_t> labels(12);
  DecodeReply reply;
  decode(request, std::as_writable_bytes(std::span(labels)), reply);
  EXPECT_EQ(labels[11], 11);
  test::write_file(folder / "v.nii", test::with_value(test::sample_nifti(), 352, std::int16_t{-1}));
  EXPECT_EQ(fault_of(request), Fault::LabelMismatch);
}

TEST(Decode, RefusesAnotherSizeAndTooLittleMemory) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "v.nii", test::sample_nifti());
  DecodeRequest request = request_for(folder / "v.nii");
  std::vector<std::byte> memory(23);
  DecodeReply reply;
  EXPECT_THROW(decode(request, memory, reply), std::invalid_argument);
  request.size = {3, 2, 1};
  EXPECT_EQ(fault_of(request), Fault::InvalidHeader);
}

std::string gzip(const std::string& bytes) {
  std::string out(bytes.size() / 500 + 100, '\0');
  z_stream stream = {};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<unsigned>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// The last member of a gzip file tells the size the header promises; the members before it hide 512 MiB.
TEST(Decode, RefusesVoxelsFollowedByABomb) {
  const test::TemporaryFolder folder;
  const std::string volume = test::sample_nifti(), zeros = gzip(std::string(16 << 20, '\0'));
  std::string bytes = gzip(volume);
  test::write_file(folder / "sound.nii.gz", bytes);
  EXPECT_EQ(hu_of(request_for(folder / "sound.nii.gz")).back(), 11);
  for (int i = 0; i < 32; ++i) bytes += zeros;
  test::write_file(folder / "bomb.nii.gz", bytes + gzip(volume));
  EXPECT_EQ(fault_of(request_for(folder / "bomb.nii.gz")), Fault::InvalidHeader);
}

}  // namespace
}  // namespace ctforge::io
