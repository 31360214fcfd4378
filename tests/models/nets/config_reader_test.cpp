// Reading a configuration key by key.
#include "models/nets/config_reader.h"

#include "io/file/fault.h"
#include "models/nets/config_writer.h"

#include <string>

#include <gtest/gtest.h>

namespace ctforge::nets {
namespace {

enum class Colour { Red, None };
constexpr Names<Colour, 2> kColours = {{{"red", Colour::Red}, {"", Colour::None}}};

// The message of the DataError that this throws.
template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const io::DataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ConfigReader, ReadsWhatIsThereAndDefaultsForWhatIsNot) {
  ConfigReader reader(R"({"i": 3, "f": 0.5, "b": true, "l": [1, 2], "t": ["x"], "n": null, "s": [8, 16],
                          "m": [0.5, 1], "c": "red", "a": "Mish", "_name": 1})",
                      "Any");
  EXPECT_EQ(reader.integer("i", 1), 3);
  EXPECT_EQ(reader.integer("absent", 1), 1);
  EXPECT_EQ(reader.number("f", 1), 0.5);
  EXPECT_TRUE(reader.flag("b", false));
  EXPECT_EQ(reader.integers("l", {}), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(reader.texts("t", {}), std::vector<std::string>{"x"});
  EXPECT_EQ(reader.positive_or_null("n", 4), 0);
  EXPECT_EQ(reader.positive_or_null("absent", 4), 4);
  EXPECT_EQ(reader.number_or_null("n", 4), 0);
  EXPECT_EQ(reader.size("s", 1), ImageSize(8, 16));
  EXPECT_FALSE(reader.size("n", 1).known());
  EXPECT_EQ(reader.numbers_or_null("m"), (std::vector<double>{0.5, 1}));
  EXPECT_EQ(reader.choice("c", kColours, Colour::None), Colour::Red);
  EXPECT_EQ(reader.choice("n", kColours, Colour::Red), Colour::None);
  EXPECT_EQ(reader.activation("a", Activation::Silu), Activation::Mish);
  EXPECT_NO_THROW(reader.finish());
}

TEST(ConfigReader, NamesEveryKeyAndValueThatIsRefused) {
  ConfigReader reader(R"({"c": "blue", "p": 0, "unread": 3, "empty": null, "known": 7})", "Any");
  reader.choice("c", kColours, Colour::Red);
  reader.positive_or_null("p", 1);
  reader.ignore("known");
  EXPECT_EQ(refusal([&] { reader.finish(); }),
            "config.json asks for what this network does not have: c = \"blue\"; p = 0; unread = 3");
}

TEST(ConfigReader, RefusesValuesOfAnotherType) {
  ConfigReader reader(R"({"i": 2.5, "b": 1, "l": [1, "x"], "s": [1, 2, 3], "t": "x"})", "Any");
  EXPECT_EQ(refusal([&] { reader.integer("i", 1); }), "config.json: i has an unexpected value 2.5");
  EXPECT_NE(refusal([&] { reader.integer_or_null("i", 1); }), "accepted");
  EXPECT_NE(refusal([&] { reader.flag("b", true); }), "accepted");
  EXPECT_NE(refusal([&] { reader.integers("l", {}); }), "accepted");
  EXPECT_NE(refusal([&] { reader.size("s", 1); }), "accepted");
  EXPECT_NE(refusal([&] { reader.texts("t", {}); }), "accepted");
  EXPECT_NE(refusal([&] { reader.number("t", 1); }), "accepted");
  EXPECT_NE(refusal([&] { reader.numbers_or_null("l"); }), "accepted");
  EXPECT_NE(refusal([] { ConfigReader("[]", "Any"); }).find("not a JSON object"), std::string::npos);
  EXPECT_NE(refusal([] { ConfigReader(R"({"_class_name": "Other"})", "Any"); }).find("Other"), std::string::npos);
}

TEST(ConfigWriter, WritesNullAndWholeNumbers) {
  EXPECT_EQ(positive_or_null(0).dump(), "null");
  EXPECT_EQ(whole_where_possible(2).dump(), "2");
  EXPECT_EQ(whole_where_possible(0.5).dump(), "0.5");
  EXPECT_EQ(size_or_null({}).dump(), "null");
  EXPECT_EQ(size_or_null(8).dump(), "8");
  EXPECT_EQ(size_or_null({8, 16}).dump(), "[8,16]");
  EXPECT_EQ(name_of(kColours, Colour::None).dump(), "null");
}

}  // namespace
}  // namespace ctforge::nets
