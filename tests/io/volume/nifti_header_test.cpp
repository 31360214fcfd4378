// A header written byte by byte from the format's table, and one fault at a time in it.
#include "io/volume/nifti_header.h"

#include "io/file/fault.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <limits>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

namespace ctforge::io {
namespace {

using test::sample_nifti;
using test::with_value;

NiftiHeader read(const std::string& bytes) {
  test::TemporaryFolder folder;
  test::write_file(folder / "v.nii", bytes);
  return read_nifti_header(folder / "v.nii", 1000);
}

TEST(NiftiHeader, RasBecomesLps) {
  const NiftiHeader header = read(with_value(with_value(sample_nifti(), 292, 5.0F), 268, 5.0F));
  EXPECT_EQ(header.geometry.size, (std::array<std::int64_t, 3>{3, 2, 2}));
  EXPECT_DOUBLE_EQ(header.geometry.origin_mm[0], -5);
  EXPECT_DOUBLE_EQ(header.geometry.direction[0][0], -1);
  EXPECT_DOUBLE_EQ(header.geometry.direction[1][1], -1);
  EXPECT_FALSE(header.flip_slices);
  EXPECT_EQ(header.data_offset, 352);
}

Fault fault_of(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const DataError& error) {
    return error.fault();
  }
  ADD_FAILURE() << "accepted";
  return Fault::Unreadable;
}

TEST(NiftiHeader, RefusesEachFault) {
  const std::string sound = sample_nifti();
  EXPECT_EQ(fault_of(sound.substr(0, sound.size() - 2)), Fault::TruncatedFile);
  EXPECT_EQ(fault_of(sound.substr(0, 100)), Fault::TruncatedFile);
  EXPECT_EQ(fault_of(with_value(sound, 108, -100.0F)), Fault::InvalidHeader);
  EXPECT_NE(fault_of(with_value(sound, 108, 1e9F)), Fault::Unreadable);
  EXPECT_EQ(fault_of(with_value(sound, 344, 'x')), Fault::InvalidHeader);
  EXPECT_EQ(fault_of(with_value(with_value(sound, 40, std::int16_t{4}), 48, std::int16_t{2})),
            Fault::NotThreeDimensional);
  EXPECT_EQ(fault_of(with_value(with_value(sound, 42, std::int16_t{32767}), 44, std::int16_t{32767})), Fault::TooLarge);
  for (const float spacing : {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN()})
    EXPECT_EQ(fault_of(with_value(sound, 80, spacing)), Fault::InvalidHeader);
  EXPECT_EQ(fault_of(with_value(sound, 292, 3.0F)), Fault::InconsistentGeometry);  // sform moved, qform not
  EXPECT_EQ(fault_of(with_value(with_value(sound, 252, std::int16_t{0}), 254, std::int16_t{0})),
            Fault::InconsistentGeometry);
  EXPECT_EQ(fault_of(with_value(with_value(sound, 252, std::int16_t{0}), 284, 0.1F)),
            Fault::InconsistentGeometry);  // shear
}

void write_gzip(const std::filesystem::path& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

Fault fault_of_file(const std::filesystem::path& path) {
  try {
    read_nifti_header(path, 1LL << 31);
  } catch (const DataError& error) {
    return error.fault();
  }
  ADD_FAILURE() << "accepted";
  return Fault::Unreadable;
}

TEST(NiftiHeader, ToleratesPaddingButNotMore) {
  EXPECT_EQ(read(sample_nifti() + std::string(1000, '\0')).geometry.voxels(), 12);
  EXPECT_EQ(fault_of(sample_nifti() + std::string(2 << 20, '\0')), Fault::InvalidHeader);
}

// 12 voxels promised and 512 MiB there; 2 x 10^9 voxels promised and a few bytes there. Neither is expanded.
TEST(NiftiHeader, RefusesGzipBombsWithoutExpandingThem) {
  const test::TemporaryFolder folder;
  write_gzip(folder / "zeros", std::string(16 << 20, '\0'));
  write_gzip(folder / "bomb.nii.gz", sample_nifti());
  std::string bomb = test::read_file(folder / "bomb.nii.gz");
  const std::string zeros = test::read_file(folder / "zeros");
  for (int i = 0; i < 32; ++i) bomb += zeros;
  test::write_file(folder / "bomb.nii.gz", bomb);
  std::string claim = sample_nifti();
  for (const std::size_t axis : {42, 44}) claim = with_value(claim, axis, std::int16_t{2000});
  write_gzip(folder / "claim.nii.gz", with_value(claim, 46, std::int16_t{500}));
  rusage before = {}, after = {};
  getrusage(RUSAGE_SELF, &before);
  EXPECT_EQ(fault_of_file(folder / "bomb.nii.gz"), Fault::InvalidHeader);
  EXPECT_EQ(fault_of_file(folder / "claim.nii.gz"), Fault::TruncatedFile);
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 32 << 10);  // kB
}

}  // namespace
}  // namespace ctforge::io
