// Codes of names: from the published code lists, whatever the spelling; a fallback for what is in none.
#include "io/labels/segment_codes.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(SegmentCodes, AreThoseOfSnomedCt) {
  EXPECT_EQ(segment_codes("liver").type.value, "10200004");
  EXPECT_EQ(segment_codes("liver").type.scheme, "SCT");
  EXPECT_EQ(segment_codes("liver").category.value, "123037004");
  EXPECT_EQ(segment_codes("pancreas").type.meaning, "Pancreas");
  EXPECT_EQ(segment_codes("lesion").category.value, "49755003");
}

TEST(SegmentCodes, SpellingDoesNotMatter) {
  for (const char* name : {"parotid_left", "Left Parotid", "PAROTID-L", "parotids (l)"}) {
    const SegmentCodes codes = segment_codes(name);
    EXPECT_EQ(codes.type.value, "45289007") << name;
    EXPECT_EQ(codes.side.value, "7771000") << name;
  }
  EXPECT_EQ(segment_codes("kidney_right").side.meaning, "Right");
  EXPECT_TRUE(segment_codes("spinal_cord").side.value.empty());
}

TEST(SegmentCodes, UnknownNamesAreTissue) {
  for (const char* name : {"", "organ 7", "liverwurst", "\xc3\xa9"}) {
    EXPECT_EQ(segment_codes(name).type.value, "85756007") << name;
    EXPECT_EQ(segment_codes(name).category.value, "123037004") << name;
  }
}

}  // namespace
}  // namespace ctforge::io
