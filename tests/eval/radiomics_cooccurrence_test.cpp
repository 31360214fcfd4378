// Co-occurrence of two levels, by hand.
#include "eval/radiomics_families.h"
#include "tests/eval/radiomics_support.h"

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

test::Named features_of(const Region& region) {
  std::vector<std::string> names;
  for (const char* name : cooccurrence_names()) names.emplace_back(name);
  return test::named(names, cooccurrence(discretised(region, {1, 0})));
}

TEST(Cooccurrence, OfAlternatingLevels) {
  // One row: every neighbour is the other level, p(1,2) = p(2,1) = 1/2; only one direction has neighbours.
  const test::Named found = features_of(test::slice_of({{1, 2, 1, 2, 1, 2}}));
  EXPECT_DOUBLE_EQ(found.at("Contrast"), 1);
  EXPECT_DOUBLE_EQ(found.at("Correlation"), -1);
  EXPECT_DOUBLE_EQ(found.at("JointEntropy"), 1);
  EXPECT_DOUBLE_EQ(found.at("JointAverage"), 1.5);
  EXPECT_DOUBLE_EQ(found.at("Id"), 0.5);
  EXPECT_NEAR(found.at("MCC"), 1, 1e-12);
  EXPECT_DOUBLE_EQ(found.at("Imc1"), -1);
}

TEST(Cooccurrence, OfAFlatRegion) {
  const test::Named found = features_of(test::slice_of({{3, 3}, {3, 3}}));
  EXPECT_EQ(found.at("Contrast"), 0);
  EXPECT_EQ(found.at("Correlation"), 1);
  EXPECT_EQ(found.at("MCC"), 1);
  EXPECT_EQ(found.at("JointEnergy"), 1);
}

TEST(Cooccurrence, WithoutNeighboursIsZero) {
  for (const auto& [name, value] : features_of(test::slice_of({{3}}))) EXPECT_EQ(value, 0) << name;
}

}  // namespace
}  // namespace ctforge::eval
