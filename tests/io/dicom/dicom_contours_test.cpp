// Contours on the slices of straight and oblique CT, and everything that may be wrong with them.
#include "io/dicom/dicom_contours.h"

#include "io/file/fault.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/file/fault_of.h"
#include "tests/io/labels/label_samples.h"
#include "tests/support/support.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

using test::sample_rectangle;

const Geometry kCt = {{6, 4, 4}, {0.5, 0.75, 2.5}, {-10, -20, 0}, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}};

using test::fault_of;

// Slices of rows of digits.
std::string picture(const std::filesystem::path& path, const std::map<std::int64_t, std::uint8_t>& labels,
                    const Geometry& ct = kCt, const LabelSlices& slices = {}) {
  std::vector<std::uint8_t> voxels(static_cast<std::size_t>(ct.voxels()));
  decode_contours(path, ct, labels, slices, voxels);
  std::string text;
  for (std::size_t i = 0; i < voxels.size(); ++i) {
    text += voxels[i] == 0 ? '.' : static_cast<char>('0' + voxels[i]);
    if ((i + 1) % 6 == 0) text += (i + 1) % 24 == 0 ? ' ' : '/';
  }
  return text;
}

const std::string kEmpty = "....../....../....../...... ";

class DicomContours : public ::testing::Test {
 protected:
  // One structure, number 1.
  void write(const std::vector<std::string>& contours, const test::LabelEdit& edit = {}) {
    test::write_structure_set(file(), {{1, "organ", contours}}, edit);
  }
  void edit_contour(const std::function<void(DcmItem&)>& edit) {
    write({sample_rectangle(0.5, 0.5, 2.5, 2.5, 1)}, [&](DcmDataset& data) { edit(test::first_contour(data)); });
  }
  std::filesystem::path file() const { return folder_ / "rt.dcm"; }
  Fault fault(const LabelSlices& slices = {}) const {
    return fault_of([&] { picture(file(), {{1, 1}}, kCt, slices); });
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(DicomContours, AreFilledOnTheirSlicesAndNotBetween) {
  write({sample_rectangle(0.5, 0.5, 2.5, 2.5, 0), sample_rectangle(2.5, -0.5, 4.5, 0.5, 2)});
  const std::string expected = "....../.55.../.55.../...... " + kEmpty + "...55./....../....../...... " + kEmpty;
  EXPECT_EQ(picture(file(), {{1, 5}}), expected);
  EXPECT_EQ(picture(file(), {{2, 5}}), kEmpty + kEmpty + kEmpty + kEmpty);
}

TEST_F(DicomContours, AHoleIsAnotherContourOfTheSlice) {
  write({sample_rectangle(0.5, -0.5, 4.5, 3.5, 3), sample_rectangle(1.5, 0.5, 3.5, 2.5, 3)});
  EXPECT_EQ(picture(file(), {{1, 1}}), kEmpty + kEmpty + kEmpty + ".1111./.1..1./.1..1./.1111. ");
}

TEST_F(DicomContours, TheHigherLabelStaysWhereStructuresOverlap) {
  test::write_structure_set(file(), {{1, "a", {sample_rectangle(-0.5, -0.5, 3.5, 1.5, 0)}},
                                     {2, "b", {sample_rectangle(1.5, -0.5, 5.5, 0.5, 0)}},
                                     {3, "not asked for", {sample_rectangle(-0.5, -0.5, 5.5, 3.5, 0)}}});
  EXPECT_EQ(picture(file(), {{1, 2}, {2, 1}}).substr(0, 28), "222211/2222../....../...... ");
  EXPECT_EQ(picture(file(), {{1, 1}, {2, 2}}).substr(0, 28), "112222/1111../....../...... ");
}

// The grid turned by 30 degrees about x: a contour in a slice's plane has points of all three coordinates.
TEST_F(DicomContours, OnAnObliqueCt) {
  const double c = std::cos(std::acos(-1.0) / 6), s = 0.5;
  Geometry ct = kCt;
  ct.direction = {{{1, 0, 0}, {0, c, -s}, {0, s, c}}};
  std::string points;
  for (const auto& [x, y] : std::vector<std::pair<double, double>>{{0.5, 0.5}, {2.5, 0.5}, {2.5, 2.5}, {0.5, 2.5}}) {
    const Vector3 p = index_to_point_mm(ct, {x, y, 2});
    for (const double value : p) points += std::to_string(value) + "\\";
  }
  points.pop_back();
  write({points});
  EXPECT_EQ(picture(file(), {{1, 1}}, ct), kEmpty + kEmpty + "....../.11.../.11.../...... " + kEmpty);
  Geometry straight = kCt;  // on which it lies aslant, from 4.5 to 5.3 mm
  straight.size[2] = 10;
  straight.spacing_mm[2] = 1;
  EXPECT_EQ(fault_of([&] { picture(file(), {{1, 1}}, straight); }), Fault::LabelMismatch);
}

TEST_F(DicomContours, ALittleOffTheSliceIsOnIt) {
  write({sample_rectangle(0.5, 0.5, 2.5, 2.5, 1.24)});
  EXPECT_EQ(picture(file(), {{1, 1}}), kEmpty + "....../.11.../.11.../...... " + kEmpty + kEmpty);
  write({sample_rectangle(0.5, 0.5, 2.5, 2.5, 1.26)});
  EXPECT_EQ(fault(), Fault::LabelMismatch);
}

TEST_F(DicomContours, BeyondTheSlicesAreLeftOut) {
  write({sample_rectangle(0, 0, 3, 3, -1), sample_rectangle(0, 0, 3, 3, 4), sample_rectangle(0, 0, 3, 3, 1e6)});
  EXPECT_EQ(picture(file(), {{1, 1}}), kEmpty + kEmpty + kEmpty + kEmpty);
}

TEST_F(DicomContours, AnImageElsewhereIsAMismatch) {
  test::TemporaryFolder folder;
  std::vector<std::string> files;
  for (const auto& slice : test::write_sample_series(folder.path())) files.push_back(slice.string());
  const auto refer_to = [&](const char* uid) {
    edit_contour([&](DcmItem& contour) {
      DcmItem* image = nullptr;
      ASSERT_TRUE(contour.findOrCreateSequenceItem(DCM_ContourImageSequence, image).good());
      image->putAndInsertString(DCM_ReferencedSOPInstanceUID, uid);
    });
  };
  refer_to("2.25.10001");
  EXPECT_NO_THROW(picture(file(), {{1, 1}}, kCt, LabelSlices(files)));
  refer_to("2.25.10002");
  EXPECT_EQ(fault(LabelSlices(files)), Fault::LabelMismatch);
}

TEST_F(DicomContours, PointsMustBeFiniteTriplesOfTheDeclaredNumber) {
  for (const char* points : {"0\\0\\2.5\\1\\0\\2.5\\1\\1\\nan", "0\\0\\2.5\\1\\0\\2.5\\1\\inf\\2.5",
                             "0\\0\\2.5\\1\\0\\2.5\\1\\1", "0\\0\\2.5\\1\\0\\2.5\\1\\\\2.5", "zero\\0\\2.5"}) {
    edit_contour([&](DcmItem& contour) {
      contour.putAndInsertString(DCM_NumberOfContourPoints, "3");
      contour.putAndInsertString(DCM_ContourData, points);
    });
    EXPECT_EQ(fault(), Fault::MalformedDicom) << points;
  }
  for (const char* count : {"1000000000", "-4", "5", ""}) {
    edit_contour([&](DcmItem& contour) { contour.putAndInsertString(DCM_NumberOfContourPoints, count); });
    EXPECT_EQ(fault(), Fault::MalformedDicom) << count;
  }
  edit_contour([](DcmItem& contour) { contour.findAndDeleteElement(DCM_ContourData); });
  EXPECT_EQ(fault(), Fault::MalformedDicom);
}

TEST_F(DicomContours, OtherGeometricTypesAreIgnored) {
  edit_contour([](DcmItem& contour) {
    contour.putAndInsertString(DCM_ContourGeometricType, "OPEN_PLANAR");
    contour.putAndInsertString(DCM_ContourData, "nonsense");
  });
  EXPECT_EQ(picture(file(), {{1, 1}}), kEmpty + kEmpty + kEmpty + kEmpty);
}

// More than the 64 KiB that a DS of an explicit encoding can hold, in the implicit one and as UN.
TEST_F(DicomContours, LongContours) {
  std::string points;
  for (int i = 0; i < 6000; ++i) {
    const double angle = i * std::acos(-1.0) / 3000;
    points += std::to_string(-10 + 0.5 * (2 + 1.2 * std::cos(angle))) + "\\" +
              std::to_string(-20 + 0.75 * (1 + 1.2 * std::sin(angle))) + "\\2.5\\";
  }
  points.pop_back();
  ASSERT_GT(points.size(), 65536U);
  const std::string expected = kEmpty + "..1.../.111../..1.../...... " + kEmpty + kEmpty;
  write({points});
  EXPECT_EQ(picture(file(), {{1, 1}}), expected);
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile(file().c_str()).good());
  format.loadAllDataIntoMemory();
  ASSERT_TRUE(format.saveFile(file().c_str(), EXS_LittleEndianExplicit).good());
  EXPECT_EQ(picture(file(), {{1, 1}}), expected);
}

TEST_F(DicomContours, AFileThatEndsEarlyIsRefused) {
  write({sample_rectangle(0.5, 0.5, 2.5, 2.5, 1)});
  const std::string bytes = test::read_file(file());
  for (const std::size_t cut : {1, 10, 50, 200}) {
    test::write_file(file(), bytes.substr(0, bytes.size() - cut));
    EXPECT_EQ(fault(), Fault::MalformedDicom) << cut;
  }
}

}  // namespace
}  // namespace ctforge::io
