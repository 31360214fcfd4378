// What is there, and an empty object for all that is none.
#include "pipeline/run/json_file.h"

#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(JsonFile, IsAnObjectWhateverStandsThere) {
  const test::TemporaryFolder folder;
  const auto file = folder / "some.json";
  EXPECT_EQ(read_object(file), nlohmann::ordered_json::object());
  for (const char* none : {"", "[1]", "3", R"({"a": 1)"}) {
    test::write_file(file, none);
    EXPECT_EQ(read_object(file), nlohmann::ordered_json::object()) << none;
  }
  test::write_file(file, R"({"b": 2, "a": 1})");
  EXPECT_EQ(read_object(file).dump(), R"({"b":2,"a":1})");
}

}  // namespace
}  // namespace ctforge::pipeline
