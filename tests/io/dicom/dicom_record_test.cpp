// What of a file's images is kept, and which of them belong together.
#include "io/dicom/dicom_record.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

DicomFile two_frames() {
  DicomFile file;
  file.verdict = DicomVerdict::Image;
  file.header.patient_id = "PLANTED";
  file.header.series_uid = "2.25.1";
  file.header.object_uid = "2.25.2";
  for (const double z : {1.0, 2.0}) {
    DicomFrame frame;
    frame.position_mm = Vector3{0, 0, z};
    frame.orientation = std::array{Vector3{1, 0, 0}, Vector3{0, 1, 0}};
    frame.stack = "1";
    file.header.frames.push_back(frame);
  }
  return file;
}

TEST(DicomRecord, PseudonymsDependOnKeyKindAndText) {
  EXPECT_EQ(pseudonym('P', 0x0123456789abcdefU), "P-0123456789abcdef");
  EXPECT_EQ(pseudonym('S', 1), "S-0000000000000001");
  const std::uint64_t bits = pseudonym_bits("key", "patient", "A");
  EXPECT_EQ(bits, pseudonym_bits("key", "patient", "A"));
  for (const std::uint64_t other : {pseudonym_bits("other", "patient", "A"), pseudonym_bits("key", "series", "A"),
                                    pseudonym_bits("key", "patient", "B")})
    EXPECT_NE(bits, other);
  EXPECT_EQ(make_records(two_frames(), 0, "a", "key")[0].patient, make_records(two_frames(), 5, "b", "key")[0].patient);
}

TEST(DicomRecord, OneAFrame) {
  const auto records = make_records(two_frames(), 7, "a", "key");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].file, 7U);
  EXPECT_EQ(records[1].frame, 1U);
  EXPECT_EQ(records[1].position_mm[2], 2);
  EXPECT_EQ(records[0].series, records[1].series);
}

TEST(DicomRecord, SeveralStacksAreSeveralSeries) {
  DicomFile file = two_frames();
  file.header.frames[1].stack = "2";
  const auto records = make_records(file, 0, "a", "key");
  EXPECT_NE(records[0].series, records[1].series);
  EXPECT_EQ(records[0].patient, records[1].patient);
}

TEST(DicomRecord, AFileWithoutImagesIsStillOne) {
  DicomFile file;
  file.faults.push_back({Fault::NotCt, "told"});
  const auto records = make_records(file, 0, "a", "key");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_FALSE(records[0].positioned);
  EXPECT_EQ(records[0].faults.size(), 1U);
}

}  // namespace
}  // namespace ctforge::io
