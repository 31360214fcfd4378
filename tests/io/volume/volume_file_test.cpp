// The NIfTI header as the format defines it, and shapes that cannot be written.
#include "io/volume/volume_file.h"

#include "tests/io/volume/volume_samples.h"
#include "tests/support/support.h"

#include <cstring>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

template <class T>
T field(const std::string& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

TEST(VolumeFile, NiftiHeaderHoldsTheGeometryInRas) {
  test::TemporaryFolder folder;
  const Volume volume = oblique();
  write_volume(folder / "v.nii", volume);
  const std::string bytes = test::read_file(folder / "v.nii");
  EXPECT_EQ(bytes.substr(148, 26), "SYNTHETIC: made by ctforge");  // descrip
  EXPECT_EQ(field<std::int16_t>(bytes, 42), 3);                    // dim[1]
  EXPECT_EQ(field<std::int16_t>(bytes, 70), 4);                    // datatype: int16
  EXPECT_FLOAT_EQ(field<float>(bytes, 80), 0.75F);                 // pixdim[1]
  EXPECT_GT(field<std::int16_t>(bytes, 252), 0);                   // qform_code
  // RAS is LPS with x and y negated: the quaternion's offset is (10, -20, 30).
  EXPECT_FLOAT_EQ(field<float>(bytes, 268), 10);
  EXPECT_FLOAT_EQ(field<float>(bytes, 272), -20);
  EXPECT_FLOAT_EQ(field<float>(bytes, 276), 30);
  const auto offset = static_cast<std::size_t>(field<float>(bytes, 108));
  EXPECT_EQ(std::memcmp(bytes.data() + offset, volume.hu.data(), volume.hu.size() * 2), 0);
}

TEST(VolumeFile, LabelsAreBytes) {
  test::TemporaryFolder folder;
  LabelMap labels{oblique().geometry, std::vector<std::uint8_t>(24, 200)};
  write_labels(folder / "l.nii", labels);
  const std::string bytes = test::read_file(folder / "l.nii");
  EXPECT_EQ(field<std::int16_t>(bytes, 70), 2);  // datatype: uint8
  EXPECT_EQ(static_cast<unsigned char>(bytes.back()), 200);
}

TEST(VolumeFile, WhatCannotBeWrittenLeavesNothing) {
  test::TemporaryFolder folder;
  Volume volume = oblique();
  EXPECT_THROW(write_volume(folder / "v.png", volume), std::invalid_argument);
  volume.hu.pop_back();
  EXPECT_THROW(write_volume(folder / "v.nii.gz", volume), std::invalid_argument);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace ctforge::io
