// Rows of PS3.6 table A-1, and UIDs that must not be repeated.
#include "io/dicom/dicom_syntax.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(DicomSyntax, KnowsTheEncodings) {
  EXPECT_EQ(find_transfer_syntax("1.2.840.10008.1.2").encoding, PixelEncoding::LittleEndian);
  EXPECT_EQ(find_transfer_syntax("1.2.840.10008.1.2.2").encoding, PixelEncoding::BigEndian);
  EXPECT_EQ(find_transfer_syntax("1.2.840.10008.1.2.4.90").encoding, PixelEncoding::Jpeg2000);
  EXPECT_TRUE(find_transfer_syntax("1.2.840.10008.1.2.4.81").lossy);
  EXPECT_TRUE(is_encapsulated(PixelEncoding::Rle) && is_native(PixelEncoding::BigEndian));
}

TEST(DicomSyntax, RefusesAndNamesTheRest) {
  EXPECT_EQ(find_transfer_syntax("1.2.3.4").encoding, PixelEncoding::Unsupported);
  EXPECT_NE(describe_transfer_syntax("1.2.840.10008.1.2.4.53").find("1.2.840.10008.1.2.4.53"), std::string::npos);
  for (const char* text : {"1.2.3.4", "1.2.840.10008.MARXBRUNNER^HILDEGARD", "1.2.840.10008.7734921"})
    EXPECT_EQ(describe_transfer_syntax(text).find(text), std::string::npos);
}

}  // namespace
}  // namespace ctforge::io
