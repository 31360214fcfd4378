// The writer is byte-equal to the safetensors library; the reader takes its files and refuses malicious headers.
#include "io/file/safetensors.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <cstring>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::io {
namespace {

std::string reference_bytes() {
  const auto oracle = nlohmann::json::parse(test::read_file(test::source_dir() / "tests/oracle/safetensors.json"));
  const std::string hex = oracle.at("hex");
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::string with_header(const std::string& header, std::size_t data_bytes, std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, 'x');
}

std::string with_header(const std::string& header, std::size_t data_bytes) {
  return with_header(header, data_bytes, header.size());
}

TEST(Safetensors, ReadsWhatTheReferenceWrites) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a.safetensors", reference_bytes());
  const SafetensorsFile file(folder / "a.safetensors");
  EXPECT_EQ(file.tensors().size(), 16u);
  EXPECT_EQ(file.metadata(), (Metadata{{"format", "pt"}}));
  EXPECT_EQ(file.at("t_bool").dtype, Dtype::Bool);
  EXPECT_EQ(file.at("t_u8").as<std::uint8_t>()[2], 2);
  EXPECT_EQ(file.at("t_i64").as<std::int64_t>()[1], 1);
  EXPECT_EQ(file.at("t_f64").as<double>()[2], 2.0);
  EXPECT_EQ(file.at("t_bf16").as<std::uint16_t>()[1], 0x3f80);
  EXPECT_EQ(file.at("scalar").shape, std::vector<std::int64_t>{});
  EXPECT_EQ(file.at("scalar").as<float>()[0], 2.5f);
  EXPECT_EQ(file.at("hu").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(file.at("hu").as<std::int16_t>()[5], -32768);
  EXPECT_EQ(file.at("b_\u00e9\"\n\x01\x7f").data.size(), 0u);
}

TEST(Safetensors, WritesTheBytesTheReferenceWrites) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a.safetensors", reference_bytes());
  const SafetensorsFile file(folder / "a.safetensors");
  write_safetensors(folder / "b.safetensors", file.tensors(), file.metadata());
  EXPECT_EQ(test::read_file(folder / "b.safetensors"), reference_bytes());
}

TEST(Safetensors, EmptyFileOfNoTensorsIsValid) {
  test::TemporaryFolder folder;
  write_safetensors(folder / "a.safetensors", {}, {});
  const SafetensorsFile file(folder / "a.safetensors");
  EXPECT_TRUE(file.tensors().empty());
  EXPECT_THROW(file.at("absent"), DataError);
}

TEST(Safetensors, UnalignedDataOfOtherWritersAreReadable) {
  test::TemporaryFolder folder;
  std::string bytes =
      with_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],)"
                  R"("data_offsets":[1,5]}})",
                  5);
  const float value = -3.25f;
  std::memcpy(bytes.data() + bytes.size() - 4, &value, 4);
  test::write_file(folder / "a.safetensors", bytes);
  const SafetensorsFile file(folder / "a.safetensors");
  EXPECT_EQ(file.at("b").as<float>()[0], value);
}

TEST(Safetensors, ViewsSurviveAMove) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a.safetensors", reference_bytes());
  SafetensorsFile file(folder / "a.safetensors");
  const auto view = file.at("t_i32").as<std::int32_t>();
  const SafetensorsFile moved = std::move(file);
  EXPECT_EQ(view[2], 2);
  EXPECT_EQ(moved.at("t_i32").data.data(), reinterpret_cast<const std::byte*>(view.data()));
}

TEST(Safetensors, WriterRefusesWhatDoesNotFit) {
  test::TemporaryFolder folder;
  const std::vector<float> three(3);
  const auto data = std::as_bytes(std::span(three));
  EXPECT_THROW(write_safetensors(folder / "a", {{"x", {Dtype::F32, {4}, data}}}, {}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(folder / "a", {{"__metadata__", {Dtype::F32, {3}, data}}}, {}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(folder / "a", {{"\xff", {Dtype::F32, {3}, data}}}, {}), std::invalid_argument);
  const TensorView view{Dtype::F32, {3}, data};
  EXPECT_THROW(view.as<double>(), std::invalid_argument);
}

struct Malicious {
  const char* name;
  std::string bytes;
};

class SafetensorsRefuses : public testing::TestWithParam<Malicious> {};

TEST_P(SafetensorsRefuses, WithItsName) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a.safetensors", GetParam().bytes);
  try {
    SafetensorsFile file(folder / "a.safetensors");
    FAIL() << "accepted";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::InvalidShard);
  }
}

std::string tensor(const std::string& name, const std::string& shape, const std::string& range) {
  return "\"" + name + R"(":{"dtype":"U8","shape":)" + shape + R"(,"data_offsets":)" + range + "}";
}

std::vector<Malicious> malicious() {
  const std::string a = tensor("a", "[2]", "[0,2]"), b = tensor("b", "[2]", "[2,4]");
  return {
      {"Empty", ""},
      {"ShorterThanLength", "abc"},
      {"LengthBeyondFile", with_header("{}", 0, 1000)},
      {"LengthHuge", with_header("{}", 0, ~0ULL)},
      {"LengthZero", with_header("", 4)},
      {"NotJson", with_header("{\"a\"", 0)},
      {"NotAnObject", with_header("[]", 0)},
      {"TrailingText", with_header("{} {}", 0)},
      {"LeadingSpace", with_header(" {}", 0)},
      {"NestedDeeply", with_header("{\"a\":" + std::string(100000, '['), 0)},
      {"NestedObject", with_header(R"({"a":{"dtype":{"x":1}}})", 0)},
      {"Overlap", with_header("{" + a + "," + tensor("b", "[2]", "[1,3]") + "}", 3)},
      {"SameRange", with_header("{" + a + "," + tensor("b", "[2]", "[0,2]") + "}", 2)},
      {"Hole", with_header("{" + a + "," + tensor("b", "[2]", "[3,5]") + "}", 5)},
      {"HoleAtStart", with_header("{" + b + "}", 4)},
      {"BytesAfterTheLast", with_header("{" + a + "}", 3)},
      {"CutShort", with_header("{" + a + "," + b + "}", 3)},
      {"RangeReversed", with_header("{" + tensor("a", "[0]", "[2,0]") + "}", 2)},
      {"RangeBeyondFile", with_header("{" + tensor("a", "[8]", "[0,8]") + "}", 4)},
      {"RangeOverflow", with_header("{" + tensor("a", "[2]", "[18446744073709551614,18446744073709551616]") + "}", 2)},
      {"ShapeOverflow", with_header("{" + tensor("a", "[4294967296,4294967296,2]", "[0,0]") + "}", 0)},
      {"ShapeNegative", with_header("{" + tensor("a", "[-2,-1]", "[0,2]") + "}", 2)},
      {"ShapeFraction", with_header("{" + tensor("a", "[2.0]", "[0,2]") + "}", 2)},
      {"ShapeDisagrees", with_header("{" + tensor("a", "[3]", "[0,2]") + "}", 2)},
      {"ThreeOffsets", with_header("{" + tensor("a", "[2]", "[0,2,2]") + "}", 2)},
      {"OneOffset", with_header("{" + tensor("a", "[0]", "[0]") + "}", 0)},
      {"DuplicateTensor", with_header("{" + a + "," + a + "}", 2)},
      {"DuplicateProperty", with_header(R"({"a":{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 2)},
      {"DuplicateMetadata", with_header(R"({"__metadata__":{"x":"1","x":"2"}})", 0)},
      {"MetadataNotText", with_header(R"({"__metadata__":{"x":1}})", 0)},
      {"UnknownType", with_header(R"({"a":{"dtype":"Q9","shape":[2],"data_offsets":[0,2]}})", 2)},
      {"UnknownProperty", with_header(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":"y"}})", 2)},
      {"MissingShape", with_header(R"({"a":{"dtype":"U8","data_offsets":[0,0]}})", 0)},
      {"ShapeIsText", with_header(R"({"a":{"dtype":"U8","shape":"2","data_offsets":[0,2]}})", 2)},
      {"NullTensor", with_header(R"({"a":null})", 0)},
      {"NotUtf8", with_header("{\"__metadata__\":{\"x\":\"\xff\"}}", 0)},
  };
}

INSTANTIATE_TEST_SUITE_P(Malicious, SafetensorsRefuses, testing::ValuesIn(malicious()),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(Safetensors, MissingFileAndFolderAreUnreadable) {
  test::TemporaryFolder folder;
  for (const auto& path : {folder / "absent", folder.path()}) {
    try {
      SafetensorsFile file(path);
      FAIL() << "accepted";
    } catch (const DataError& error) {
      EXPECT_EQ(error.fault(), Fault::Unreadable);
    }
  }
}

}  // namespace
}  // namespace ctforge::io
