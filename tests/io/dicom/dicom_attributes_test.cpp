// Values as PS3.5 table 6.2-1 defines them, and everything that is no such value.
#include "io/dicom/dicom_attributes.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(DicomAttributes, DecimalStrings) {
  EXPECT_EQ(parse_decimal(" -1.5e1 "), -15.0);
  EXPECT_EQ(parse_decimal("+.25"), 0.25);
  for (const char* text : {"", " ", "1,5", "1 2", "0x10", "nan", "inf", "1e999", "--1", "+"})
    EXPECT_FALSE(parse_decimal(text)) << text;
}

TEST(DicomAttributes, TextWithoutPaddingAndInParts) {
  DcmDataset data;
  data.putAndInsertString(DCM_ImageType, "ORIGINAL \\PRIMARY\\ AXIAL");
  data.putAndInsertString(DCM_BodyPartExamined, "");
  std::vector<Finding> faults;
  const DicomAttributes attributes(data, faults);
  EXPECT_EQ(attributes.texts(DCM_ImageType), (std::vector<std::string>{"ORIGINAL", "PRIMARY", "AXIAL"}));
  EXPECT_EQ(attributes.text(DCM_ImageType), "ORIGINAL");
  EXPECT_FALSE(attributes.has(DCM_BodyPartExamined));  // present without a value
  EXPECT_EQ(attributes.text(DCM_BodyPartExamined), "");
  EXPECT_TRUE(faults.empty());
}

TEST(DicomAttributes, NumbersOfSixteenBits) {
  DcmDataset data;
  data.putAndInsertUint16(DCM_Rows, 512);
  data.putAndInsertSint16(DcmTag(DCM_PixelPaddingValue, EVR_SS), -2000);
  std::vector<Finding> faults;
  DicomAttributes attributes(data, faults);
  EXPECT_EQ(attributes.number(DCM_Rows, "Rows"), 512);
  EXPECT_FALSE(attributes.number(DCM_Columns, "Columns"));
  EXPECT_EQ(attributes.bits(DCM_PixelPaddingValue, "PixelPaddingValue"), 0xF830);  // 65536 - 2000
  EXPECT_TRUE(faults.empty());
}

TEST(DicomAttributes, WhatIsNoSuchValueIsAFaultAndEmpty) {
  DcmDataset data;
  std::vector<Finding> faults;
  DicomAttributes attributes(data, faults);
  const auto decimals = [&](const char* text) {
    data.putAndInsertString(DCM_PixelSpacing, text);
    return attributes.decimals(DCM_PixelSpacing, "PixelSpacing", 2, Fault::InvalidPixelSpacing);
  };
  EXPECT_EQ(decimals("0.5\\0.75"), (std::vector<double>{0.5, 0.75}));
  EXPECT_TRUE(faults.empty());
  EXPECT_TRUE(decimals("0.5").empty());
  EXPECT_TRUE(decimals("0.5\\PLANTED").empty());
  data.findAndDeleteElement(DCM_PixelSpacing);
  EXPECT_TRUE(attributes.decimals(DCM_PixelSpacing, "PixelSpacing", 2, Fault::InvalidPixelSpacing).empty());
  ASSERT_EQ(faults.size(), 2U);  // one that is absent is no fault here
  EXPECT_EQ(faults[0].message, "PixelSpacing has 1 values, expected 2");
  EXPECT_EQ(faults[1].fault, Fault::InvalidPixelSpacing);
  EXPECT_EQ(faults[1].message.find("PLANTED"), std::string::npos);
  data.putAndInsertString(DcmTag(DCM_Rows, EVR_LO), "512");
  EXPECT_FALSE(attributes.number(DCM_Rows, "Rows"));
  EXPECT_EQ(faults.back().fault, Fault::MalformedDicom);
}

}  // namespace
}  // namespace ctforge::io
