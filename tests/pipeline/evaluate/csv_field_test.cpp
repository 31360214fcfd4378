// Fields that need quotes, and those that do not.
#include "pipeline/evaluate/csv_field.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(CsvField, IsQuotedWhereItMustBe) {
  EXPECT_EQ(csv_field("left eye"), "left eye");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"a\""), "\"say \"\"a\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_field(""), "");
}

}  // namespace
}  // namespace ctforge::pipeline
