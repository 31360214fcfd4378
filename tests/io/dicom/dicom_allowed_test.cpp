// The list is the only way to an attribute, and the documentation tells the same list.
#include "io/dicom/dicom_allowed.h"

#include "io/dicom/dicom_attributes.h"
#include "tests/support/support.h"

#include <cstdio>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(DicomAllowed, IsSortedAndNamedAsTheDictionaryDoes) {
  quiet_dcmtk();
  const auto list = allowed_attributes();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const DcmTag tag(list[i].group, list[i].element);
    EXPECT_EQ(DcmTag(tag).getTagName(), list[i].keyword);
    if (i > 0) {
      EXPECT_LT(std::pair(list[i - 1].group, list[i - 1].element), std::pair(list[i].group, list[i].element));
    }
  }
}

TEST(DicomAllowed, NothingElseCanBeAskedFor) {
  DcmDataset data;
  std::vector<Finding> faults;
  DicomAttributes attributes(data, faults);
  for (const DcmTagKey& tag :
       {DCM_PatientName, DCM_PatientBirthDate, DCM_SeriesDescription, DCM_InstitutionName, DcmTagKey(0x0009, 0x1001)}) {
    EXPECT_FALSE(is_allowed_attribute(tag.getGroup(), tag.getElement()));
    EXPECT_THROW(attributes.has(tag), std::invalid_argument);
    EXPECT_THROW(attributes.text(tag), std::invalid_argument);
    EXPECT_THROW(attributes.texts(tag), std::invalid_argument);
    EXPECT_THROW(attributes.items(tag), std::invalid_argument);
    EXPECT_THROW(attributes.number(tag, "x"), std::invalid_argument);
    EXPECT_THROW(attributes.bits(tag, "x"), std::invalid_argument);
    EXPECT_THROW(attributes.decimals(tag, "x", 1, Fault::MalformedDicom), std::invalid_argument);
  }
  EXPECT_NO_THROW(attributes.has(DCM_PatientID));
}

// Elsewhere in io only PixelData is fetched from a data set of DCMTK.
TEST(DicomAllowed, NoOtherSourceReadsAttributes) {
  for (const auto& entry : std::filesystem::directory_iterator(test::source_dir() / "io")) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".cpp" || name == "dicom_attributes.cpp") continue;
    const std::string text = test::read_file(entry.path());
    for (std::size_t at = text.find("findAndGet"); at != std::string::npos; at = text.find("findAndGet", at + 1)) {
      const std::string call = text.substr(at, 60);
      EXPECT_NE(call.find("(DCM_PixelData,"), std::string::npos) << name << ": " << call;
    }
  }
}

TEST(DicomAllowed, TheDocumentationListsThem) {
  const std::string text = test::read_file(test::source_dir() / "docs" / "deidentification.md");
  std::size_t rows = 0;
  for (std::size_t at = text.find("\n| ("); at != std::string::npos; at = text.find("\n| (", at + 1)) ++rows;
  EXPECT_EQ(rows, allowed_attributes().size());
  for (const AllowedAttribute& attribute : allowed_attributes()) {
    char tag[16];
    std::snprintf(tag, sizeof tag, "(%04X,%04X)", attribute.group, attribute.element);
    const std::string row = "\n| " + std::string(tag) + " | " + std::string(attribute.keyword) + " | " +
                            std::string(attribute_use_name(attribute.use)) + " |";
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace ctforge::io
