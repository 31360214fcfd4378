// Names that mean the same, wildcards, and what comes first.
#include "io/labels/structure_map.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(StructureMap, BlanksAndCaseDoNotMatter) {
  StructureMap map;
  map.add("Lung L", 3);
  for (const char* name : {"Lung L", "lung l", " LUNG  L ", "LungL"}) EXPECT_EQ(map.find(name), 3) << name;
  for (const char* name : {"Lung_L", "Lung R", "Lung L 2", ""}) EXPECT_FALSE(map.find(name)) << name;
}

TEST(StructureMap, LettersBeyondAsciiAreComparedAsTheyAre) {
  StructureMap map;
  map.add("\xc3\x96sophagus", 1);
  EXPECT_EQ(map.find("\xc3\x96SOPHAGUS"), 1);
  EXPECT_FALSE(map.find("\xc3\xb6sophagus"));
}

TEST(StructureMap, StarsStandForAnythingOrNothing) {
  StructureMap map;
  map.add("liver*", 1);
  map.add("*kidney*left", 2);
  for (const char* name : {"Liver", "liver 2", "LIVER-GTV"}) EXPECT_EQ(map.find(name), 1) << name;
  for (const char* name : {"kidneyleft", "my Kidney (left", "kidney left left"}) EXPECT_EQ(map.find(name), 2) << name;
  for (const char* name : {"my liver", "kidney leftmost", "kidne left"}) EXPECT_FALSE(map.find(name)) << name;
  const std::string many(5000, 'a');
  StructureMap hard;
  hard.add("*a*a*a*a*a*a*b", 1);
  EXPECT_FALSE(hard.find(many));
}

TEST(StructureMap, AWholeNameComesBeforePatternsInTheirOrder) {
  StructureMap map;
  map.add("PTV*", 0);
  map.add("P*", 5);
  map.add("ptv boost", 2);
  EXPECT_EQ(map.find("PTV Boost"), 2);
  EXPECT_EQ(map.find("PTV1"), 0);
  EXPECT_EQ(map.find("Parotid"), 5);
  EXPECT_EQ(StructureMap::all().find("anything"), 0);
  EXPECT_TRUE(StructureMap().empty());
}

}  // namespace
}  // namespace ctforge::io
