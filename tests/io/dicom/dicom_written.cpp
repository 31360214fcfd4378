#include "tests/io/dicom/dicom_written.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::test {

namespace {

io::Geometry oblique() {
  const double c = std::cos(0.3), s = std::sin(0.3);
  return {.size = {5, 3, 3},
          .spacing_mm = {0.75, 1.5, 4},
          .origin_mm = {-10, 20, 30},
          .direction = {{{c, 0, -s}, {0, 1, 0}, {s, 0, c}}}};
}

}  // namespace

io::Volume oblique_ct() {
  io::Volume volume{oblique(), {}};
  for (std::int16_t i = 0; i < 45; ++i) volume.hu.push_back(static_cast<std::int16_t>(100 * i - 1024));
  return volume;
}

io::LabelMap oblique_labels() {
  return {oblique(), {1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0,    //
                      0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0,    //
                      2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}};  // to the borders
}

std::vector<std::string> label_names() { return {"background", "liver", "kidney_left", "spleen"}; }

io::CtSeriesInfo ct_info() {
  return {.patient_id = "SYN-0001",
          .body_part = "CHEST",
          .description = "phantom",
          .uid_seed = "7",
          .versions = {"ctforge 1", "checkpoint 2"},
          .contribution = "Drawn with seed 3."};
}

std::string text(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  item.findAndGetOFStringArray(tag, value);
  return value.c_str();
}

DcmItem& item(DcmItem& from, std::vector<DcmTagKey> path, long index) {
  DcmItem* at = &from;
  for (std::size_t i = 0; i < path.size(); ++i) {
    DcmItem* next = nullptr;
    at->findAndGetSequenceItem(path[i], next, i + 1 == path.size() ? index : 0);
    if (next == nullptr) {
      ADD_FAILURE() << "no item of " << path[i].toString().c_str();
      throw std::out_of_range("no such item");
    }
    at = next;
  }
  return *at;
}

long items(DcmItem& from, const DcmTagKey& sequence) {
  DcmSequenceOfItems* found = nullptr;
  from.findAndGetSequence(sequence, found);
  return found == nullptr ? 0 : static_cast<long>(found->card());
}

namespace {

// Implicit encodings name no types, and DCMTK 3.6.7 does not know this attribute's.
std::string synthetic_data(DcmItem& data) {
  const DcmTagKey tag(0x0008, 0x001c);
  const Uint8* bytes = nullptr;
  unsigned long count = 0;
  if (!data.findAndGetUint8Array(tag, bytes, &count).good() || bytes == nullptr) return text(data, tag);
  std::string value(bytes, bytes + count);
  return value.ends_with(' ') ? value.substr(0, value.size() - 1) : value;
}

}  // namespace

void expect_marked(DcmItem& data, const std::string& modality) {
  EXPECT_EQ(synthetic_data(data), "YES");
  EXPECT_EQ(text(data, DCM_Modality), modality);
  EXPECT_EQ(text(data, DCM_Manufacturer), "ctforge");
  EXPECT_EQ(text(data, DCM_ManufacturerModelName), "ctforge");
  EXPECT_EQ(text(data, DCM_PatientName), "SYNTHETIC^SYN-0001");
  EXPECT_EQ(text(data, DCM_PatientID), "SYN-0001");
  EXPECT_EQ(text(data, DCM_PatientBirthDate) + text(data, DCM_StudyDate), "");
  EXPECT_TRUE(text(data, DCM_SeriesDescription).starts_with("SYNTHETIC"));
  if (modality != "RTSTRUCT") {
    EXPECT_TRUE(text(data, DCM_ImageType).starts_with("DERIVED\\"));
    EXPECT_TRUE(text(data, DCM_DerivationDescription).starts_with("SYNTHETIC"));
    EXPECT_EQ(text(data, DCM_BurnedInAnnotation), "NO");
  }
  DcmItem& equipment = item(data, {DCM_ContributingEquipmentSequence});
  EXPECT_EQ(text(equipment, DCM_SoftwareVersions), "ctforge 1\\checkpoint 2");
  EXPECT_EQ(text(equipment, DCM_ContributionDescription), "Drawn with seed 3.");
  EXPECT_EQ(text(item(equipment, {DCM_PurposeOfReferenceCodeSequence}), DCM_CodeValue), "109100");
  for (const DcmTagKey& tag : {DCM_SOPInstanceUID, DCM_SeriesInstanceUID, DCM_StudyInstanceUID}) {
    const std::string uid = text(data, tag);
    EXPECT_TRUE(uid.starts_with("2.25.") && uid[5] != '0' && uid.size() <= 64) << tag.toString().c_str();
  }
}

}  // namespace ctforge::test
