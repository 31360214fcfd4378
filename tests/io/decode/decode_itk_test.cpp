// NRRD and MetaImage: geometry and voxels as written, left-handed axes turned round, damage refused.
#include "io/decode/decode.h"
#include "io/volume/scalar.h"
#include "io/volume/volume_file.h"
#include "tests/io/volume/volume_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

DecodeRequest request_for(const std::filesystem::path& path, const std::array<std::int64_t, 3>& size) {
  DecodeRequest request;
  request.task = DecodeTask::Itk;
  request.voxel_cap = 10000;
  request.size = size;
  request.paths = {path.string()};
  return request;
}

Fault fault_of(const DecodeRequest& request) {
  std::vector<std::int16_t> hu(static_cast<std::size_t>(request.voxels()));
  DecodeReply reply;
  try {
    decode_itk(request, std::as_writable_bytes(std::span(hu)), reply);
  } catch (const DataError& error) {
    return error.fault();
  }
  ADD_FAILURE() << "nothing was refused";
  return Fault::Unreadable;
}

TEST(DecodeItk, ReadsWhatWasWritten) {
  const test::TemporaryFolder folder;
  const Volume volume = oblique();
  for (const char* name : {"v.nrrd", "v.mha"}) {
    write_volume(folder / name, volume);
    const DecodeRequest request = request_for(folder / name, volume.geometry.size);
    std::vector<std::int16_t> hu(24);
    DecodeReply reply;
    decode_itk(request, std::as_writable_bytes(std::span(hu)), reply);
    EXPECT_EQ(hu, volume.hu) << name;
    EXPECT_TRUE(same_grid(reply.geometry, volume.geometry, 1e-4)) << name;
    EXPECT_EQ(static_cast<Scalar>(reply.scalar), Scalar::I16) << name;
  }
}

TEST(DecodeItk, TheHeaderAloneNeedsNoMemoryForVoxels) {
  const test::TemporaryFolder folder;
  write_volume(folder / "v.mha", oblique());
  DecodeRequest request = request_for(folder / "v.mha", {0, 0, 0});
  request.task = DecodeTask::ItkHeader;
  DecodeReply reply;
  decode_itk(request, {}, reply);
  EXPECT_EQ(reply.geometry.size, oblique().geometry.size);
}

// Slices from z = 10 mm downwards, 2 mm apart: turned round, they begin at 8 mm.
TEST(DecodeItk, LeftHandedSlicesAreTurnedRound) {
  const test::TemporaryFolder folder;
  const std::string header =
      "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
      "TransformMatrix = 1 0 0 0 1 0 0 0 -1\nOffset = 0 0 10\nElementSpacing = 1 1 2\nDimSize = 2 1 2\n"
      "ElementType = MET_SHORT\nElementDataFile = LOCAL\n";
  test::write_file(folder / "v.mha", header + std::string("\1\0\2\0\3\0\4\0", 8));
  std::vector<std::int16_t> hu(4);
  DecodeReply reply;
  decode_itk(request_for(folder / "v.mha", {2, 1, 2}), std::as_writable_bytes(std::span(hu)), reply);
  EXPECT_EQ(hu, (std::vector<std::int16_t>{3, 4, 1, 2}));
  EXPECT_EQ(reply.geometry.origin_mm, (Vector3{0, 0, 8}));
  EXPECT_EQ(reply.geometry.direction[2][2], 1);
}

TEST(DecodeItk, RefusesDamageAndAnotherSize) {
  const test::TemporaryFolder folder;
  for (const std::string extension : {".mha", ".nrrd"}) {
    write_volume(folder / ("v" + extension), oblique());
    EXPECT_EQ(fault_of(request_for(folder / ("v" + extension), {3, 4, 3})), Fault::InvalidHeader) << extension;
    std::string bytes = test::read_file(folder / ("v" + extension));
    test::write_file(folder / ("cut" + extension), bytes.substr(0, bytes.size() - 20));
    EXPECT_EQ(fault_of(request_for(folder / ("cut" + extension), {3, 4, 2})), Fault::TruncatedFile) << extension;
    bytes[bytes.size() - 20] ^= 0x10;
    test::write_file(folder / ("flip" + extension), bytes);
    EXPECT_EQ(fault_of(request_for(folder / ("flip" + extension), {3, 4, 2})), Fault::TruncatedFile) << extension;
  }
  DecodeRequest capped = request_for(folder / "v.mha", {3, 4, 2});
  capped.voxel_cap = 23;
  EXPECT_EQ(fault_of(capped), Fault::TooLarge);
}

}  // namespace
}  // namespace ctforge::io
