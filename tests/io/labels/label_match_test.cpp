// Which label object goes to which series, and what makes that ambiguous.
#include "io/labels/label_match.h"

#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/labels/label_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

// Edits of a whole series, and of what refers to it.
test::SampleEdit series_called(const char* series, const char* frame = "2.25.4000",
                               const char* patient = "PLANTED-ID") {
  return [=](DcmDataset& data, std::size_t slice) {
    data.putAndInsertString(DCM_SeriesInstanceUID, series);
    data.putAndInsertString(DCM_FrameOfReferenceUID, frame);
    data.putAndInsertString(DCM_PatientID, patient);
    data.putAndInsertString(DCM_SOPInstanceUID, (std::string(series) + "." + std::to_string(slice)).c_str());
  };
}

class LabelMatch : public ::testing::Test {
 protected:
  LabelMatch() { map_.add("organ*", 1); }
  const std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  void write_ct(const std::string& name, const test::SampleEdit& edit = {}) {
    test::write_sample_series(path(name), 4, edit);
  }
  void write_rt(const std::string& name, const std::vector<std::string>& structures, const test::LabelEdit& edit = {}) {
    std::vector<test::SampleRoi> rois;
    for (const std::string& each : structures)
      rois.push_back({static_cast<int>(rois.size()) + 1, each, {test::sample_rectangle(0, 0, 2, 2, 1)}});
    test::write_structure_set(path(name), rois, edit);
  }
  Inventory scanned() const {
    ScanOptions options;
    options.path = folder_.path();
    options.structures = map_;
    options.hash_key = "a key for tests";
    return scan(options);
  }
  StructureMap map_;

 private:
  test::TemporaryFolder folder_;
};

TEST_F(LabelMatch, ASeriesGetsTheStructuresThatTheMapNames) {
  write_ct("ct");
  write_rt("rt.dcm", {"Organ 1", "PLANTED name", "organ 2"});
  const Inventory found = scanned();
  ASSERT_EQ(found.series.size(), 1U);
  const Series& series = found.series[0];
  ASSERT_TRUE(series.accepted());
  ASSERT_TRUE(series.labelled());
  ASSERT_EQ(series.label_objects.size(), 1U);
  EXPECT_EQ(series.label_objects[0].structures.size(), 2U);
  EXPECT_EQ(series.label_objects[0].structures[1].number, 3);
  EXPECT_EQ(series.notes.back(), "structure set: 1 structures that the map does not name");
  EXPECT_EQ(found.skipped.at("DICOM structure set"), 1);
}

TEST_F(LabelMatch, WithoutAMapLabelObjectsAreSkipped) {
  map_ = {};
  write_ct("ct");
  write_rt("rt.dcm", {"organ"});
  const Inventory found = scanned();
  EXPECT_FALSE(found.series.at(0).labelled());
  EXPECT_EQ(found.skipped.at("DICOM radiotherapy object"), 1);
}

TEST_F(LabelMatch, NothingThatTheMapNamesIsNoLabel) {
  write_ct("ct");
  write_rt("rt.dcm", {"other"});
  map_.add("other", 0);  // known, and left out
  EXPECT_FALSE(scanned().series.at(0).labelled());
  EXPECT_TRUE(scanned().series.at(0).accepted());
}

TEST_F(LabelMatch, ReferencesDecideBetweenSeriesOfOneFrame) {
  write_ct("other", series_called("2.25.2222"));
  write_ct("own");
  write_rt("rt.dcm", {"organ"});
  const Inventory found = scanned();
  ASSERT_EQ(found.series.size(), 2U);
  EXPECT_FALSE(found.series[0].labelled());
  EXPECT_TRUE(found.series[1].labelled());
}

TEST_F(LabelMatch, WithoutAReferenceThatIsFoundTheFrameOfReferenceDecides) {
  write_ct("cropped", series_called("2.25.2222"));
  write_rt("rt.dcm", {"organ"});
  EXPECT_TRUE(scanned().series.at(0).labelled());
  write_ct("another", series_called("2.25.2223"));  // now it may mean either
  Inventory found = scanned();
  EXPECT_FALSE(found.series.at(0).labelled());
  EXPECT_EQ(found.skipped.at("DICOM structure set without its CT"), 1);
  write_ct("another", series_called("2.25.2223", "2.25.4001"));
  write_ct("cropped", series_called("2.25.2222", "2.25.4000", "SOMEBODY ELSE"));
  EXPECT_EQ(scanned().skipped.at("DICOM structure set without its CT"), 1);
}

TEST_F(LabelMatch, AnotherFrameOfReferenceIsAMismatch) {
  write_ct("ct", series_called("2.25.2000", "2.25.4001"));
  write_rt("rt.dcm", {"organ"});
  const Inventory found = scanned();
  ASSERT_EQ(found.series.at(0).refusals.size(), 1U);
  EXPECT_EQ(found.series[0].refusals[0].fault, Fault::LabelMismatch);
}

TEST_F(LabelMatch, TwoObjectsThatGiveOneLabelAreAmbiguous) {
  write_ct("ct");
  write_rt("a.dcm", {"organ"});
  const auto other = [](DcmDataset& data) { data.putAndInsertString(DCM_SOPInstanceUID, "2.25.5001"); };
  write_rt("b.dcm", {"organ, revised"}, other);
  const Inventory found = scanned();
  ASSERT_EQ(found.series.at(0).refusals.size(), 1U);
  EXPECT_EQ(found.series[0].refusals[0].fault, Fault::AmbiguousLabels);
  map_ = {};
  map_.add("organ", 1);
  map_.add("spleen", 2);
  write_rt("b.dcm", {"spleen"}, other);
  EXPECT_TRUE(scanned().series.at(0).accepted());
  EXPECT_EQ(scanned().series.at(0).label_objects.size(), 2U);
}

TEST_F(LabelMatch, AnIdenticalCopyIsPassedOver) {
  write_ct("ct");
  write_rt("a.dcm", {"organ"});
  std::filesystem::copy_file(path("a.dcm"), path("b.dcm"));
  const Inventory found = scanned();
  EXPECT_TRUE(found.series.at(0).accepted());
  EXPECT_EQ(found.skipped.at("identical copy of a DICOM structure set"), 1);
}

TEST_F(LabelMatch, AFaultyObjectRefusesItsSeriesOnly) {
  write_ct("ct");
  write_ct("other", series_called("2.25.2222"));
  write_rt("rt.dcm", {"organ", "organ"});
  const std::string bytes = test::read_file(path("rt.dcm"));
  test::write_file(path("rt.dcm"), bytes.substr(0, bytes.size() - 7));
  const Inventory found = scanned();
  ASSERT_EQ(found.series.size(), 2U);
  EXPECT_EQ(found.series[0].refusals.at(0).fault, Fault::MalformedDicom);
  EXPECT_TRUE(found.series[1].accepted());
}

TEST_F(LabelMatch, ASegmentationOnAnotherGridIsToldBeforeDecoding) {
  write_ct("ct");
  const std::vector<std::uint8_t> none(24);
  test::write_segmentation(path("seg.dcm"), {"organ"}, {{1, 3, none}});
  EXPECT_TRUE(scanned().series.at(0).accepted());
  test::write_segmentation(path("seg.dcm"), {"organ"}, {{1, 4, none}});
  EXPECT_EQ(scanned().series.at(0).refusals.at(0).fault, Fault::LabelMismatch);
}

}  // namespace
}  // namespace ctforge::io
