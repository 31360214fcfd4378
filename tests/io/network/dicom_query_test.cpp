// The walk through an archive that answers from a table, also one that ignores keys.
#include "io/network/dicom_query.h"

#include "io/file/fault.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

const std::string kCt = "1.2.840.10008.5.1.4.1.1.2";

// Answers with everything it has, whatever the keys; two studies of two patients, three series, one of them no CT.
std::vector<QueryRecord> careless(QueryLevel level, const QueryRecord& keys) {
  if (level == QueryLevel::Study)
    return {{{"StudyInstanceUID", "1.1"}, {"PatientID", "A"}, {"StudyDate", "20200105"}},
            {{"StudyInstanceUID", "1.2"}, {"PatientID", "B"}, {"StudyDate", "20210105"}}};
  const std::string study = keys.at("StudyInstanceUID");
  if (level == QueryLevel::Series && study == "1.1")
    return {{{"SeriesInstanceUID", "2.2"}, {"Modality", "CT"}, {"BodyPartExamined", "CHEST"}},
            {{"SeriesInstanceUID", "2.1"}, {"Modality", "MR"}, {"BodyPartExamined", "CHEST"}}};
  if (level == QueryLevel::Series) return {{{"SeriesInstanceUID", "2.3"}, {"Modality", "CT"}}};
  const std::string series = keys.at("SeriesInstanceUID");
  return {{{"SOPInstanceUID", series + ".1"}, {"SOPClassUID", kCt}},
          {{"SOPInstanceUID", series + ".2"}, {"SOPClassUID", "1.2.840.10008.5.1.4.1.1.7"}},
          {{"SOPInstanceUID", series + ".3"}, {"SOPClassUID", ""}}};
}

std::vector<std::string> series_of(const DicomQuery& query) {
  std::vector<std::string> uids;
  for (const FoundSeries& series : find_series(careless, query, 100)) uids.push_back(series.series_uid);
  return uids;
}

TEST(DicomQuery, FindsCtSeriesAndTheirObjects) {
  const auto found = find_series(careless, {}, 100);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].series_uid, "2.2");
  EXPECT_EQ(found[0].patient_id, "A");
  ASSERT_EQ(found[0].objects.size(), 2U);
  EXPECT_EQ(found[0].objects[1].object_uid, "2.2.3");
}

TEST(DicomQuery, WhatWasNotAskedForIsLeftOut) {
  using List = std::vector<std::string>;
  EXPECT_EQ(series_of({.dates = "20200101-20201231"}), List{"2.2"});
  EXPECT_EQ(series_of({.patients = {"B"}}), List{"2.3"});
  EXPECT_EQ(series_of({.studies = {"1.1"}}), List{"2.2"});
  EXPECT_EQ(series_of({.series = {"2.3"}}), List{"2.3"});
  EXPECT_EQ(series_of({.body_part = "HEAD"}), List{"2.3"});  // which does not tell its part
  EXPECT_EQ(series_of({.patients = {"C"}}), List{});
}

// Only studies with a CT that is wanted are asked for what labels it.
TEST(DicomQuery, LabelObjectsComeWhereAskedFor) {
  const AskArchive archive = [](QueryLevel level, const QueryRecord& keys) -> std::vector<QueryRecord> {
    if (level == QueryLevel::Study) return careless(level, keys);
    if (level == QueryLevel::Series) {
      auto series = careless(level, keys);
      series.push_back({{"SeriesInstanceUID", keys.at("StudyInstanceUID") + ".8"}, {"Modality", "SEG"}});
      series.push_back({{"SeriesInstanceUID", keys.at("StudyInstanceUID") + ".9"}, {"Modality", "RTSTRUCT"}});
      return series;
    }
    const std::string series = keys.at("SeriesInstanceUID");
    const std::string storage = series.ends_with(".8") ? ".66.4" : series.ends_with(".9") ? ".481.3" : ".2";
    return {{{"SOPInstanceUID", series + ".1"}, {"SOPClassUID", "1.2.840.10008.5.1.4.1.1" + storage}},
            {{"SOPInstanceUID", series + ".2"}, {"SOPClassUID", "1.2.840.10008.5.1.4.1.1.481.5"}}};
  };
  EXPECT_EQ(find_series(archive, {}, 100).size(), 2u);
  const auto found = find_series(archive, {.series = {"2.2"}, .labels = true}, 100);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].modality, "SEG");
  EXPECT_EQ(found[0].series_uid, "1.1.8");
  EXPECT_EQ(found[1].modality, "RTSTRUCT");
  EXPECT_EQ(found[2].modality, "CT");
  for (const FoundSeries& series : found) EXPECT_EQ(series.objects.size(), 1u) << series.modality;
}

TEST(DicomQuery, TooMuchIsRefused) { EXPECT_THROW(find_series(careless, {}, 1), DataError); }

TEST(DicomQuery, DatesLieWithinRanges) {
  EXPECT_TRUE(date_within("20200229", ""));
  EXPECT_TRUE(date_within("20200229", "20200229"));
  EXPECT_FALSE(date_within("20200301", "20200229"));
  EXPECT_TRUE(date_within("20200229", "20200229-"));
  EXPECT_TRUE(date_within("20200229", "-20200229"));
  EXPECT_FALSE(date_within("20200301", "20200101-20200229"));
}

TEST(DicomQuery, SegmentationsAreOfTwoClasses) {
  EXPECT_TRUE(is_wanted_storage("SEG", "1.2.840.10008.5.1.4.1.1.66.4"));
  EXPECT_TRUE(is_wanted_storage("SEG", "1.2.840.10008.5.1.4.1.1.66.7"));
  EXPECT_FALSE(is_wanted_storage("SEG", "1.2.840.10008.5.1.4.1.1.66.5"));
  EXPECT_FALSE(is_wanted_storage("CT", "1.2.840.10008.5.1.4.1.1.66.7"));
}

TEST(DicomQuery, ValuesBeyondAnyLengthAreAbsent) {
  EXPECT_EQ(kept_value("1.2.3"), "1.2.3");
  EXPECT_EQ(kept_value(std::string(5000, 'x')), "");
}

TEST(DicomQuery, UnknownAttributesAreOurFault) {
  EXPECT_EQ(query_attribute("PatientID").element, 0x0020);
  EXPECT_THROW(query_attribute("PatientName"), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
