// Tables as spreadsheets write them, and what is refused by line.
#include "io/labels/class_table.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(ClassTable, CsvOfQuotesAndLineEndings) {
  const auto rows = parse_csv(
      "\xef\xbb\xbf"
      "a, b ,\"c, \"\"d\"\"\"\r\n\n# comment\n\"x\ny\",,z");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].fields, (std::vector<std::string>{"a", "b", "c, \"d\""}));
  EXPECT_EQ(rows[1].fields, (std::vector<std::string>{"x\ny", "", "z"}));
  EXPECT_EQ(rows[1].line, 4);
  EXPECT_THROW(parse_csv("\"a"), DataError);
  EXPECT_THROW(parse_csv("\"a\"b"), DataError);
}

ClassTable table_of(const std::string& text) {
  test::TemporaryFolder folder;
  test::write_file(folder / "t.csv", text);
  return ClassTable(folder / "t.csv");
}

TEST(ClassTable, WholeSeriesAndSlices) {
  const ClassTable table =
      table_of("name,class,first_slice,last_slice\npt_1,neck,,\npt_2,thorax,10,20\npt_2,abdomen,21,30\npt_2,neck\n");
  EXPECT_EQ(table.classes(), (std::vector<std::string>{"neck", "thorax", "abdomen"}));
  EXPECT_EQ(table.find("pt_1", 500), 0);
  EXPECT_EQ(table.find("pt_2", 20), 1);
  EXPECT_EQ(table.find("pt_2", 21), 2);
  EXPECT_EQ(table.find("pt_2", 31), 0);
  EXPECT_FALSE(table.find("pt_3", 0).has_value());
  EXPECT_FALSE(table.by_slice("pt_1"));
  EXPECT_TRUE(table.by_slice("pt_2"));
  EXPECT_EQ(table.names().size(), 2u);
}

TEST(ClassTable, SlicesOutsideEveryRangeHaveNoClass) { EXPECT_FALSE(table_of("a,x,3,4").find("a", 5).has_value()); }

void expect_refused(const std::string& text, const std::string& line) {
  try {
    table_of(text);
    ADD_FAILURE() << "accepted: " << text;
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::InvalidTable);
    EXPECT_NE(std::string(error.what()).find(line), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find("Jane"), std::string::npos) << "a name leaked";
  }
}

TEST(ClassTable, RefusesByLineWithoutNames) {
  expect_refused("name,class\nJane\n", "line 2");
  expect_refused("Jane,x\nJane,y\n", "line 2");
  expect_refused("Jane,x,1,5\nJane,y,5,6\n", "line 2");
  expect_refused("Jane,x,5,1\n", "line 1");
  expect_refused("Jane,x,a,b\n", "line 1");
  expect_refused("Jane,x,-1,3\n", "line 1");
  expect_refused("Jane,\n", "line 1");
  expect_refused("name,class\nJane,\xe9paule\n", "line 2: text that is not UTF-8");
  expect_refused("name,class\n", "without rows");
}

TEST(ClassTable, NameTables) {
  test::TemporaryFolder folder;
  test::write_file(folder / "s.csv", "name,split\npt_1,train\npt_2,test\n");
  EXPECT_EQ(read_name_table(folder / "s.csv", "split", {"train", "test"}).at("pt_2"), "test");
  EXPECT_THROW(read_name_table(folder / "s.csv", "split", {"train"}), DataError);
  test::write_file(folder / "s.csv", "pt_1,train\npt_1,train\n");
  EXPECT_THROW(read_name_table(folder / "s.csv", "split", {"train"}), DataError);
}

}  // namespace
}  // namespace ctforge::io
