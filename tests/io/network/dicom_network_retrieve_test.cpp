// Identifiers ask for a whole series or for what is missing of it; answers end.
#include "io/network/dicom_network_retrieve.h"

#include "io/network/dicom_network.h"
#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

std::string text(DcmDataset& data, const DcmTagKey& tag) {
  OFString value;
  data.findAndGetOFStringArray(tag, value);
  return value.c_str();
}

FoundSeries series_of(std::size_t objects) {
  FoundSeries series = {"P", "1.1", "1.2", {}};
  for (std::size_t i = 0; i < objects; ++i) series.objects.push_back({"1.2." + std::to_string(i + 1), ""});
  return series;
}

TEST(RetrieveIdentifiers, AWholeSeriesIsOneRequest) {
  test::TemporaryFolder folder;
  const DicomInbox inbox(folder.path(), "k", {});
  const auto identifiers = retrieve_identifiers(series_of(1000), inbox);
  ASSERT_EQ(identifiers.size(), 1U);
  EXPECT_EQ(text(*identifiers[0], DCM_QueryRetrieveLevel), "SERIES");
  EXPECT_EQ(text(*identifiers[0], DCM_SeriesInstanceUID), "1.2");
  EXPECT_EQ(text(*identifiers[0], DCM_SOPInstanceUID), "");
}

TEST(RetrieveIdentifiers, WhatIsMissingIsListed) {
  test::TemporaryFolder folder;
  const DicomInbox inbox(folder.path(), "k", {});
  const FoundSeries series = series_of(500);
  std::filesystem::create_directories(inbox.place(series, series.objects[0]).parent_path());
  for (const std::size_t there : {0, 7}) test::write_file(inbox.place(series, series.objects[there]), "");
  const auto identifiers = retrieve_identifiers(series, inbox);
  ASSERT_EQ(identifiers.size(), 3U);  // 200, 200 and 98
  EXPECT_EQ(text(*identifiers[0], DCM_QueryRetrieveLevel), "IMAGE");
  EXPECT_TRUE(text(*identifiers[0], DCM_SOPInstanceUID).starts_with("1.2.2\\1.2.3"));
  EXPECT_TRUE(text(*identifiers[2], DCM_SOPInstanceUID).ends_with("\\1.2.500"));
}

TEST(RetrieveIdentifiers, NothingIsAskedForWhenAllIsThere) {
  test::TemporaryFolder folder;
  const DicomInbox inbox(folder.path(), "k", {});
  const FoundSeries series = series_of(1);
  std::filesystem::create_directories(inbox.place(series, series.objects[0]).parent_path());
  test::write_file(inbox.place(series, series.objects[0]), "");
  EXPECT_TRUE(retrieve_identifiers(series, inbox).empty());
}

TEST(AnswerCount, EndsFarBeyondWhatWasAskedFor) {
  AnswerCount answers(100);
  for (int i = 0; i < 1400; ++i) ASSERT_NO_THROW(answers.add());
  EXPECT_THROW(answers.add(), NetworkError);
}

TEST(RetrieveStatus, FailuresThrow) {
  EXPECT_NO_THROW(require_retrieved(0x0000));
  EXPECT_NO_THROW(require_retrieved(0xB000));
  EXPECT_THROW(require_retrieved(0xA801), NetworkError);
  EXPECT_THROW(require_retrieved(0xC000), NetworkError);
}

}  // namespace
}  // namespace ctforge::io
