// C-FIND: keys go out, values come back, and a flood is cut off.
#include "io/network/dicom_network_find.h"

#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(DicomFind, TellsWhatWasAskedFor) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  for (const auto& file : test::write_objects(folder.path(), 3)) archive.put(file);
  with_archive(archive.peer(), 10, [&](const AskArchive& ask) {
    const auto studies = ask(QueryLevel::Study, {{"PatientID", "SYN-1"}, {"StudyInstanceUID", ""}});
    ASSERT_EQ(studies.size(), 1U);
    EXPECT_TRUE(studies[0].at("StudyInstanceUID").starts_with("2.25."));
    EXPECT_EQ(ask(QueryLevel::Image, {{"StudyInstanceUID", ""}, {"SOPInstanceUID", ""}}).size(), 3U);
    EXPECT_TRUE(ask(QueryLevel::Study, {{"PatientID", "somebody else"}, {"StudyInstanceUID", ""}}).empty());
  });
  EXPECT_EQ(archive.associations(), 1);
  EXPECT_EQ(archive.queries(), 3);
}

TEST(DicomFind, AFloodIsCutOff) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  for (const auto& file : test::write_objects(folder.path(), 5)) archive.put(file);
  try {
    with_archive(archive.peer(), 4, [](const AskArchive& ask) { ask(QueryLevel::Image, {{"SOPInstanceUID", ""}}); });
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::TooLarge);
  }
}

TEST(DicomFind, AnAnswerBeyondAnySizeIsCutOff) {
  test::TemporaryFolder folder;
  test::TestArchive archive;
  archive.put(test::write_objects(folder.path(), 1)[0]);
  const auto ask_all = [](const AskArchive& ask) {
    EXPECT_EQ(ask(QueryLevel::Image, {{"SOPInstanceUID", ""}}).size(), 1U);
  };
  archive.behaviour.identifier_bytes = 10'000;
  EXPECT_NO_THROW(with_archive(archive.peer(), 10, ask_all));
  archive.behaviour.identifier_bytes = 300'000;
  try {
    with_archive(archive.peer(), 10, ask_all);
    FAIL() << "no error";
  } catch (const NetworkError& error) {
    EXPECT_EQ(error.fault(), Fault::TooLarge);
    EXPECT_FALSE(error.passing());
  }
}

}  // namespace
}  // namespace ctforge::io
