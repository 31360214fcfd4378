// One person under two names is found by any scan in common; copies within a patient are taken once.
#include "pipeline/prepare/prepare_scans.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using enum ScanRegister::Verdict;
using Verdicts = std::vector<ScanRegister::Verdict>;

TEST(ScanRegister, FreshScansAreFresh) {
  ScanRegister scans;
  EXPECT_EQ(scans.judge("P-1", {{"a"}, {"b"}}), (Verdicts{Fresh, Fresh}));
  EXPECT_EQ(scans.judge("P-2", {{"c"}}), Verdicts{Fresh});
}

TEST(ScanRegister, AllScansOfOnePersonUnderTwoNamesAreToldOf) {
  ScanRegister scans;
  scans.judge("P-1", {{"a"}, {"b"}});
  EXPECT_EQ(scans.judge("P-2", {{"c"}, {"b"}}), (Verdicts{SamePerson, SamePerson}));
  EXPECT_EQ(scans.judge("P-3", {{"c"}}), Verdicts{SamePerson});  // by way of the second name
  EXPECT_EQ(scans.judge("P-4", {{"d"}}), Verdicts{Fresh});
}

TEST(ScanRegister, OfCopiesTheOneWithLabelsIsTaken) {
  ScanRegister scans;
  EXPECT_EQ(scans.judge("P-1", {{"a", false}, {"a", true}, {"a", true}}), (Verdicts{Copy, Fresh, Copy}));
}

TEST(ScanRegister, ScansThatCouldNotBeReadAreAlikeToNone) {
  ScanRegister scans;
  EXPECT_EQ(scans.judge("P-1", {{""}, {""}}), (Verdicts{Fresh, Fresh}));
  EXPECT_EQ(scans.judge("P-2", {{""}}), Verdicts{Fresh});
}

}  // namespace
}  // namespace ctforge::pipeline
