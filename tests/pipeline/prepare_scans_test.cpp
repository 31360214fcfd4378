// One person under two names is found by any scan in common; copies within a patient are taken once.
#include "pipeline/prepare_scans.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using enum ScanRegister::Verdict;
using Verdicts = std::vector<ScanRegister::Verdict>;

TEST(ScanRegister, FreshScansAreFresh) {
  ScanRegister scans;
  EXPECT_EQ(scans.judge("P-1", {{"S-1", "a"}, {"S-2", "b"}}), (Verdicts{Fresh, Fresh}));
  EXPECT_EQ(scans.judge("P-2", {{"S-3", "c"}}), Verdicts{Fresh});
}

TEST(ScanRegister, AllScansOfOnePersonUnderTwoNamesAreToldOf) {
  ScanRegister scans;
  scans.judge("P-1", {{"S-1", "a"}, {"S-2", "b"}});
  EXPECT_EQ(scans.judge("P-2", {{"S-3", "c"}, {"S-4", "b"}}), (Verdicts{SamePerson, SamePerson}));
  EXPECT_EQ(scans.judge("P-3", {{"S-5", "c"}}), Verdicts{SamePerson});  // by way of the second name
  EXPECT_EQ(scans.judge("P-4", {{"S-6", "d"}}), Verdicts{Fresh});
}

TEST(ScanRegister, OfCopiesTheOneWithLabelsIsTaken) {
  ScanRegister scans;
  EXPECT_EQ(scans.judge("P-1", {{"S-1", "a", false}, {"S-2", "a", true}, {"S-3", "a", true}}),
            (Verdicts{Copy, Fresh, Copy}));
}

TEST(ScanRegister, ScansThatCouldNotBeReadAreAlikeToNone) {
  ScanRegister scans;
  EXPECT_EQ(scans.judge("P-1", {{"S-1", ""}, {"S-2", ""}}), (Verdicts{Fresh, Fresh}));
  EXPECT_EQ(scans.judge("P-2", {{"S-3", ""}}), Verdicts{Fresh});
}

}  // namespace
}  // namespace ctforge::pipeline
