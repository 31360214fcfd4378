// C-FIND and C-GET from an archive on the loopback: equal data sets, resuming, full disks, and archives that lie, die
// or go on without an end.
#include "io/network/dicom_network_get.h"

#include "io/dicom/dicom_identity.h"
#include "io/network/dicom_network_find.h"
#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <algorithm>
#include <system_error>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

class DicomGet : public testing::Test {
 protected:
  void SetUp() override {
    files_ = test::write_objects(from_.path(), 5);
    for (const auto& file : files_) archive_.put(file);
    with_archive(archive_.peer(), 100, [this](const AskArchive& ask) { wanted_ = find_series(ask, {}, 100); });
  }
  // That the archive is left for what it sends without an end, which the next try may bring to one.
  void expect_left(DicomInbox& inbox) {
    try {
      get(inbox);
      FAIL() << "no error";
    } catch (const NetworkError& error) {
      EXPECT_EQ(error.fault(), Fault::TooLarge) << error.what();
      EXPECT_TRUE(error.passing());
    }
  }
  Retrieval get(DicomInbox& inbox) {
    return get_objects(archive_.peer(), wanted_, inbox, [](std::int64_t) {});
  }
  DicomInbox inbox(InboxLimits limits = {100, 1 << 20, 1 << 20}) const { return {to_.path(), "a key", limits}; }
  std::size_t held(const DicomInbox& box) const {
    std::size_t count = 0;
    for (const auto& object : wanted_.at(0).objects) count += box.holds(wanted_[0], object) ? 1 : 0;
    return count;
  }

  test::TemporaryFolder from_, to_;
  test::TestArchive archive_;
  std::vector<std::filesystem::path> files_;
  std::vector<FoundSeries> wanted_;
};

TEST_F(DicomGet, WhatComesIsEqual) {
  ASSERT_EQ(wanted_.size(), 1U);
  ASSERT_EQ(wanted_[0].objects.size(), 5U);
  EXPECT_EQ(wanted_[0].patient_id, "SYN-1");
  DicomInbox box = inbox();
  EXPECT_EQ(get(box).received, 5);
  for (const auto& file : files_) {
    DcmFileFormat sent, came;
    ASSERT_TRUE(sent.loadFile(file.c_str()).good());
    const FoundObject object = {read_dicom_identity(file)->object_uid, ""};
    ASSERT_TRUE(came.loadFile(box.place(wanted_[0], object).c_str()).good());
    EXPECT_EQ(sent.getDataset()->compare(*came.getDataset()), 0);
  }
}

TEST_F(DicomGet, OnlyTheRestIsFetchedAfterADeath) {
  DicomInbox box = inbox();
  archive_.behaviour.dies_after = 2;
  EXPECT_THROW(get(box), NetworkError);
  EXPECT_EQ(held(box), 2U);
  EXPECT_EQ(get(box).received, 3);
  EXPECT_EQ(held(box), 5U);
  EXPECT_EQ(get(box).received, 0);
}

TEST_F(DicomGet, AnObjectThatIsAnotherIsRefused) {
  archive_.behaviour.lies = true;
  DicomInbox box = inbox();
  const Retrieval retrieval = get(box);
  EXPECT_EQ(retrieval.received, 0);
  EXPECT_EQ(retrieval.refused, 5);
  EXPECT_EQ(held(box), 0U);
}

TEST_F(DicomGet, LimitsEndIt) {
  DicomInbox small = inbox({.objects = 100, .bytes = 1 << 20, .object_bytes = 100});
  try {
    get(small);
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::TooLarge);
  }
  EXPECT_EQ(held(small), 0U);
  DicomInbox few = inbox({.objects = 2, .bytes = 1 << 20, .object_bytes = 1 << 20});
  EXPECT_THROW(get(few), DataError);
  EXPECT_EQ(held(few), 2U);
}

TEST_F(DicomGet, AFullDiskIsToldAndTheRestIsFetchedLater) {
  const test::TemporaryFolder other;
  DicomInbox first(other.path(), "a key", {100, 1 << 20, 1 << 20});
  ASSERT_EQ(get(first).received, 5);
  std::uintmax_t smallest = 1 << 20;
  for (const FoundObject& object : wanted_[0].objects)
    smallest = std::min(smallest, std::filesystem::file_size(first.place(wanted_[0], object)));
  DicomInbox box = inbox();
  {
    const test::FileSizeLimit limit(smallest - 10);  // ends within the pixels, which are the last
    EXPECT_THROW(get(box), std::system_error);
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(to_.path()))
    EXPECT_FALSE(entry.is_regular_file()) << entry.path();
  EXPECT_EQ(get(box).received, 5);
}

TEST_F(DicomGet, AnswersWithoutAnEndAreLeft) {
  DicomInbox box = inbox();
  archive_.behaviour.pending = 300;
  archive_.behaviour.list_bytes = 300'000;  // let pass by
  EXPECT_EQ(get(box).received, 5);
  archive_.behaviour.pending = 5000;
  const test::TemporaryFolder other;
  DicomInbox again(other.path(), "a key", {100, 1 << 20, 1 << 20});
  expect_left(again);
  EXPECT_EQ(held(again), 5U);
}

TEST_F(DicomGet, ObjectsThatNobodyAskedForEndSomeTime) {
  DicomInbox box = inbox();
  archive_.behaviour.strays = 10;
  EXPECT_EQ(get(box).refused, 10);
  EXPECT_EQ(held(box), 5U);
  archive_.behaviour.strays = 5000;
  const test::TemporaryFolder other;
  DicomInbox again(other.path(), "a key", {100, 1 << 20, 1 << 20});
  expect_left(again);
  EXPECT_EQ(held(again), 0U);
}

TEST_F(DicomGet, AnArchiveWithoutCGetIsNamed) {
  archive_.behaviour.offers_get = false;
  DicomInbox box = inbox();
  try {
    get(box);
    FAIL() << "no error";
  } catch (const NetworkError& error) {
    EXPECT_STREQ(error.what(), "the archive does not offer C-GET");
    EXPECT_FALSE(error.passing());
  }
}

}  // namespace
}  // namespace ctforge::io
