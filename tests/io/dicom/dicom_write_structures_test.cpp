// Structure sets read back with DCMTK: contours filled by the even-odd rule give the mask, on an oblique grid too.
#include "io/dicom/dicom_write_structures.h"

#include "tests/io/dicom/dicom_written.h"
#include "tests/io/labels/even_odd.h"
#include "tests/support/support.h"

#include <cmath>
#include <map>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

using test::item;
using test::text;

// Contours of a region by slice, in index coordinates.
std::map<long, std::vector<test::Polygon>> polygons_of(DcmItem& region, const Geometry& geometry) {
  std::map<long, std::vector<test::Polygon>> slices;
  for (long c = 0; c < test::items(region, DCM_ContourSequence); ++c) {
    DcmItem& contour = item(region, {DCM_ContourSequence}, c);
    EXPECT_EQ(text(contour, DCM_ContourGeometricType), "CLOSED_PLANAR");
    test::Polygon polygon;
    Vector3 point{}, index{};
    const unsigned long count = std::stoul(text(contour, DCM_NumberOfContourPoints));
    for (unsigned long i = 0; i < count; ++i) {
      for (unsigned long axis = 0; axis < 3; ++axis)
        EXPECT_TRUE(contour.findAndGetFloat64(DCM_ContourData, point[axis], 3 * i + axis).good());
      index = point_to_index(geometry, point);
      EXPECT_NEAR(index[2], std::round(index[2]), 1e-5);  // planar
      polygon.push_back({index[0], index[1]});
    }
    slices[std::lround(index[2])].push_back(polygon);
  }
  return slices;
}

class Structures : public ::testing::Test {
 protected:
  DcmDataset& write(const LabelMap& labels, CtForm form = CtForm::Series) {
    reference_ = ct_reference(test::oblique_ct(), test::ct_info(), form);
    write_structure_set(folder_ / "rt.dcm", labels, test::label_names(), reference_, test::ct_info());
    EXPECT_TRUE(file_.loadFile((folder_ / "rt.dcm").c_str()).good());
    return *file_.getDataset();
  }

  test::TemporaryFolder folder_;
  DcmFileFormat file_;
  CtReference reference_;
};

TEST_F(Structures, FillBackToTheMask) {
  const LabelMap labels = test::oblique_labels();
  DcmDataset& data = write(labels);
  ASSERT_EQ(test::items(data, DCM_ROIContourSequence), 3);
  for (std::uint8_t label = 1; label <= 3; ++label) {
    auto slices = polygons_of(item(data, {DCM_ROIContourSequence}, label - 1), labels.geometry);
    for (long z = 0; z < 3; ++z) {
      const auto filled = test::polygons_about_pixels(slices[z], 5, 3);
      for (std::size_t i = 0; i < 15; ++i)
        EXPECT_EQ(filled[i], labels.label[static_cast<std::size_t>(z) * 15 + i] == label ? 1 : 0) << int{label} << z;
    }
  }
}

TEST_F(Structures, NameTheRegionsAndTheCt) {
  DcmDataset& data = write(test::oblique_labels());
  test::expect_marked(data, "RTSTRUCT");
  DcmItem& region = item(data, {DCM_StructureSetROISequence}, 1);
  EXPECT_EQ(text(region, DCM_ROINumber), "2");
  EXPECT_EQ(text(region, DCM_ROIName), "kidney_left");
  EXPECT_EQ(text(region, DCM_ReferencedFrameOfReferenceUID), reference_.frame_of_reference_uid);
  DcmItem& series = item(
      data, {DCM_ReferencedFrameOfReferenceSequence, DCM_RTReferencedStudySequence, DCM_RTReferencedSeriesSequence});
  EXPECT_EQ(text(series, DCM_SeriesInstanceUID), reference_.series_uid);
  EXPECT_EQ(test::items(series, DCM_ContourImageSequence), 3);
  DcmItem& image = item(item(data, {DCM_ROIContourSequence}, 1), {DCM_ContourSequence, DCM_ContourImageSequence});
  EXPECT_EQ(text(image, DCM_ReferencedSOPInstanceUID), reference_.image_uids[1]);
}

TEST_F(Structures, EqualInputsGiveEqualFiles) {
  write(test::oblique_labels(), CtForm::Enhanced);
  const std::string bytes = test::read_file(folder_ / "rt.dcm");
  write(test::oblique_labels(), CtForm::Enhanced);
  EXPECT_EQ(test::read_file(folder_ / "rt.dcm"), bytes);
}

TEST_F(Structures, LongContoursAreWhole) {
  // A comb whose outline is longer than the 64 KiB of a decimal string in explicit encodings.
  Volume volume;
  volume.geometry.size = {1601, 4, 1};
  volume.geometry.spacing_mm = {0.712345, 0.712345, 1};
  volume.hu.assign(1601 * 4, 0);
  LabelMap labels{volume.geometry, std::vector<std::uint8_t>(1601 * 4)};
  for (std::size_t i = 0; i < labels.label.size(); ++i) labels.label[i] = i < 1601 || i % 1601 % 2 == 0 ? 1 : 0;
  const CtReference reference = ct_reference(volume, test::ct_info());
  write_structure_set(folder_ / "rt.dcm", labels, {"background", "comb"}, reference, test::ct_info());
  ASSERT_TRUE(file_.loadFile((folder_ / "rt.dcm").c_str()).good());
  DcmItem& contour = item(*file_.getDataset(), {DCM_ROIContourSequence, DCM_ContourSequence});
  EXPECT_EQ(text(contour, DCM_NumberOfContourPoints), "3204");
  const char* data_text = nullptr;
  ASSERT_TRUE(contour.findAndGetString(DCM_ContourData, data_text).good());
  const std::string data = data_text;
  EXPECT_GT(data.size(), 65535U);
  EXPECT_EQ(std::count(data.begin(), data.end(), '\\'), 3 * 3204 - 1);
}

TEST_F(Structures, RefusesLabelsWithoutNames) {
  const CtReference reference = ct_reference(test::oblique_ct(), test::ct_info());
  EXPECT_THROW(write_structure_set(folder_ / "rt.dcm", test::oblique_labels(), {"background", "liver"}, reference,
                                   test::ct_info()),
               std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
