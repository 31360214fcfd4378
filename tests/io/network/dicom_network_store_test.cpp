// C-STORE to an archive on the loopback: what arrives, what is refused, what a dead or silent archive costs.
#include "io/network/dicom_network_store.h"

#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

using Outcome = Delivery::Outcome;

std::vector<OutgoingObject> outgoing(const std::vector<std::filesystem::path>& files) {
  std::vector<OutgoingObject> objects;
  for (const auto& file : files) objects.push_back({file, *read_dicom_identity(file)});
  return objects;
}

std::vector<std::string> uids(const std::vector<OutgoingObject>& objects) {
  std::vector<std::string> all;
  for (const auto& object : objects) all.push_back(object.identity.object_uid);
  std::sort(all.begin(), all.end());
  return all;
}

struct Told {
  std::map<std::size_t, Delivery> deliveries;
  std::function<void(std::size_t, const Delivery&)> teller() {
    return [this](std::size_t i, const Delivery& delivery) { deliveries[i] = delivery; };
  }
  std::int64_t count(Outcome outcome) const {
    return std::count_if(deliveries.begin(), deliveries.end(),
                         [&](const auto& entry) { return entry.second.outcome == outcome; });
  }
};

TEST(DicomStore, AllArriveOverOneAssociation) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  const auto objects = outgoing(test::write_objects(folder.path(), 12));
  Told told;
  store_objects(archive.peer(), objects, false, told.teller());
  EXPECT_EQ(told.count(Outcome::Arrived), 12);
  EXPECT_EQ(told.deliveries.at(3).status, "0x0000");
  EXPECT_EQ(archive.stored(), uids(objects));
  EXPECT_EQ(archive.associations(), 1);
}

TEST(DicomStore, ARefusedObjectCostsOnlyItself) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  const auto objects = outgoing(test::write_objects(folder.path(), 5));
  archive.behaviour.refused = {objects[1].identity.object_uid};
  archive.behaviour.busy_once = {objects[3].identity.object_uid};
  Told told;
  store_objects(archive.peer(), objects, false, told.teller());
  EXPECT_EQ(told.count(Outcome::Arrived), 3);
  EXPECT_EQ(told.deliveries.at(1).outcome, Outcome::Refused);
  EXPECT_EQ(told.deliveries.at(1).status, "0xC000");
  EXPECT_EQ(told.deliveries.at(3).outcome, Outcome::Postponed);
  EXPECT_EQ(archive.associations(), 1);
}

TEST(DicomStore, WhatWasToldBeforeTheArchiveDiedHolds) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  const auto objects = outgoing(test::write_objects(folder.path(), 6));
  archive.behaviour.dies_after = 4;
  Told told;
  try {
    store_objects(archive.peer(), objects, false, told.teller());
    FAIL() << "no error";
  } catch (const NetworkError& error) {
    EXPECT_EQ(error.fault(), Fault::Unreachable);
    EXPECT_TRUE(error.passing());
  }
  EXPECT_EQ(told.count(Outcome::Arrived), 4);
  EXPECT_EQ(archive.stored().size(), 4U);
}

TEST(DicomStore, MoreKindsThanContextsTakeMoreAssociations) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile(test::write_objects(folder.path(), 1)[0].c_str()).good());
  std::vector<std::filesystem::path> files;
  for (int i = 1; i <= 130; ++i) {  // a SOP class of its own each, as private ones would have
    const std::string number = std::to_string(i);
    file.getDataset()->putAndInsertString(DCM_SOPClassUID, ("1.2.276.0.99.1." + number).c_str());
    file.getDataset()->putAndInsertString(DCM_SOPInstanceUID, ("1.2.276.0.99.2." + number).c_str());
    files.push_back(folder / (number + ".dcm"));
    ASSERT_TRUE(file.saveFile(files.back().c_str(), EXS_LittleEndianExplicit).good());
  }
  Told told;
  store_objects(archive.peer(), outgoing(files), false, told.teller());
  EXPECT_EQ(told.count(Outcome::Arrived), 130);
  EXPECT_EQ(archive.associations(), 2);
  EXPECT_EQ(archive.contexts(), 2);
}

TEST(DicomStore, RealDataStayUnlessTheyMayLeave) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  const auto objects = outgoing(test::write_sample_series(folder.path(), 2));  // not marked
  Told told;
  try {
    store_objects(archive.peer(), objects, false, told.teller());
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::NotSynthetic);
  }
  EXPECT_EQ(archive.deliveries(), 0);
  store_objects(archive.peer(), objects, true, told.teller());
  EXPECT_EQ(archive.deliveries(), 2);
}

TEST(DicomStore, AnotherObjectUnderTheSameNameIsNotSent) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  auto objects = outgoing(test::write_objects(folder.path(), 2));
  std::swap(objects[0].file, objects[1].file);
  Told told;
  EXPECT_THROW(store_objects(archive.peer(), objects, false, told.teller()), DataError);
  EXPECT_EQ(archive.deliveries(), 0);
}

TEST(DicomStore, TheArchivesWordsAreNotRepeated) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  const auto objects = outgoing(test::write_objects(folder.path(), 1));
  archive.behaviour.refused = {objects[0].identity.object_uid};
  Told told;
  testing::internal::CaptureStderr();
  store_objects(archive.peer(), objects, false, told.teller());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(told.deliveries.at(0).status, "0xC000");
}

TEST(DicomStore, AnAnswerBeyondAnySizeIsCutOff) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  const auto objects = outgoing(test::write_objects(folder.path(), 1));
  archive.behaviour.refused = {objects[0].identity.object_uid};
  archive.behaviour.comment = std::string(300'000, 'x');
  Told told;
  try {
    store_objects(archive.peer(), objects, false, told.teller());
    FAIL() << "no error";
  } catch (const NetworkError& error) {
    EXPECT_EQ(error.fault(), Fault::TooLarge);
  }
}

TEST(DicomStore, StatusesMeanWhatTheStandardSays) {
  EXPECT_EQ(outcome_of_status(0x0000), Outcome::Arrived);
  EXPECT_EQ(outcome_of_status(0xB007), Outcome::Arrived);
  EXPECT_EQ(outcome_of_status(0x0111), Outcome::Known);
  EXPECT_EQ(outcome_of_status(0xA700), Outcome::Postponed);
  EXPECT_EQ(outcome_of_status(0xA900), Outcome::Refused);
  EXPECT_EQ(outcome_of_status(0xC123), Outcome::Refused);
  EXPECT_EQ(outcome_of_status(0x0122), Outcome::Refused);
}

}  // namespace
}  // namespace ctforge::io
