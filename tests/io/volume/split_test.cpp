// Splits have their sizes, follow names and not order, keep strata in proportion, and leave someone to train on.
#include "io/volume/split.h"

#include "io/file/fault.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

std::vector<SplitPatient> patients(int count, int strata = 1) {
  std::vector<SplitPatient> result;
  for (int i = 0; i < count; ++i)
    result.push_back({"P-" + std::to_string(1000 + i), "pt_" + std::to_string(i),
                      strata > 1 ? "region" + std::to_string(i % strata) : ""});
  return result;
}

std::int64_t count(const std::map<std::string, Split>& split, Split which) {
  return std::count_if(split.begin(), split.end(), [&](const auto& item) { return item.second == which; });
}

TEST(Split, CountsAndFractions) {
  const auto split = split_patients(patients(40), {0.1, 10}, 1);
  EXPECT_EQ(count(split, Split::Test), 10);
  EXPECT_EQ(count(split, Split::Validation), 4);
  EXPECT_EQ(count(split, Split::Train), 26);
  EXPECT_EQ(count(split_patients(patients(5), {0, 0.01}, 1), Split::Test), 1);
}

TEST(Split, DependsOnNamesAndSeedOnly) {
  auto shuffled = patients(40);
  std::reverse(shuffled.begin(), shuffled.end());
  const auto split = split_patients(patients(40), {5, 10}, 1);
  EXPECT_EQ(split, split_patients(shuffled, {5, 10}, 1));
  EXPECT_NE(split, split_patients(shuffled, {5, 10}, 2));
  for (SplitPatient& patient : shuffled) patient.id = "Q" + patient.id;  // another key
  for (const auto& [id, which] : split_patients(shuffled, {5, 10}, 1)) EXPECT_EQ(which, split.at(id.substr(1)));
}

TEST(Split, StrataKeepTheirProportions) {
  const auto all = patients(40, 4);
  const auto split = split_patients(all, {4, 8}, 3);
  std::map<std::string, int> tests;
  for (const SplitPatient& patient : all) tests[patient.stratum] += split.at(patient.id) == Split::Test ? 1 : 0;
  for (const auto& [stratum, number] : tests) EXPECT_EQ(number, 2) << stratum;
  EXPECT_EQ(count(split, Split::Validation), 4);
}

TEST(Split, StrataOfOneStillGiveTheWholeNumber) {
  const auto split = split_patients(patients(6, 6), {0, 2}, 3);
  EXPECT_EQ(count(split, Split::Test), 2);
}

TEST(Split, OfAPatientAloneDependsOnNobodyElse) {
  int tests = 0, validations = 0;
  for (int i = 0; i < 4000; ++i) {
    const Split split = split_of("P-" + std::to_string(i), {0.1, 0.2}, 5);
    EXPECT_EQ(split, split_of("P-" + std::to_string(i), {0.1, 0.2}, 5));
    tests += split == Split::Test ? 1 : 0;
    validations += split == Split::Validation ? 1 : 0;
    // More for validation takes none from testing.
    if (split == Split::Test) {
      EXPECT_EQ(split_of("P-" + std::to_string(i), {0.4, 0.2}, 5), Split::Test);
    }
  }
  EXPECT_NEAR(tests, 800, 80);  // three standard deviations
  EXPECT_NEAR(validations, 400, 60);
  EXPECT_EQ(split_of("P-1", {0, 0}, 5), Split::Train);
  EXPECT_THROW(split_of("P-1", {0, 3}, 5), std::invalid_argument);
}

TEST(Split, TooFewPatientsAreRefusedByName) {
  try {
    split_patients(patients(10), {0, 10}, 1);
    FAIL() << "accepted";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::TooFewPatients);
  }
  EXPECT_THROW(split_patients(patients(10), {-1, 0}, 1), std::invalid_argument);
  EXPECT_THROW(split_patients(patients(10), {0, 2.5}, 1), std::invalid_argument);
  EXPECT_THROW(split_patients({{"a", "a", ""}, {"a", "a", ""}, {"b", "b", ""}}, {}, 1), std::invalid_argument);
}

TEST(Split, Names) { EXPECT_EQ(split_name(Split::Validation), "validation"); }

TEST(NestedFraction, SmallerFractionsLieWithinLargerOnes) {
  const auto all = patients(23, 3);
  std::set<std::string> before;
  for (const double fraction : {0.001, 0.1, 0.2, 0.4, 1.0}) {
    const auto kept = nested_fraction(all, fraction, 5);
    EXPECT_EQ(kept.size(), static_cast<std::size_t>(std::ceil(fraction * 23)));
    EXPECT_TRUE(std::includes(kept.begin(), kept.end(), before.begin(), before.end())) << fraction;
    before = kept;
  }
  EXPECT_EQ(nested_fraction(patients(30), 0.1, 5).size(), 3U);  // 0.1 x 30 is a little more than 3
  EXPECT_NE(nested_fraction(all, 0.4, 5), nested_fraction(all, 0.4, 6));
}

TEST(NestedFraction, StrataStayInProportionAndOrderDoesNotMatter) {
  auto all = patients(30, 3);
  const auto kept = nested_fraction(all, 0.4, 1);
  for (int stratum = 0; stratum < 3; ++stratum)
    EXPECT_EQ(std::count_if(all.begin(), all.end(),
                            [&](const SplitPatient& patient) {
                              return patient.stratum == "region" + std::to_string(stratum) && kept.contains(patient.id);
                            }),
              4);
  std::reverse(all.begin(), all.end());
  EXPECT_EQ(nested_fraction(all, 0.4, 1), kept);
  EXPECT_TRUE(nested_fraction({}, 0.5, 1).empty());
  for (const double wrong : {0.0, -0.5, 1.5}) EXPECT_THROW(nested_fraction(all, wrong, 1), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
