// Checksums against published vectors, records against bytes worked out by hand.
#include "pipeline/observe/tensorboard.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

// RFC 3720 appendix B.4.
TEST(TensorBoard, Crc32cHasThePublishedValues) {
  std::string ascending, descending;
  for (int i = 0; i < 32; ++i) {
    ascending += static_cast<char>(i);
    descending += static_cast<char>(31 - i);
  }
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eU);
  EXPECT_EQ(crc32c(descending), 0x113fdb5cU);
  const std::string read_command = {'\x01', '\xc0', 0, 0, 0, 0, 0,    0, 0,    0, 0, 0,    0, 0, 0, 0,
                                    0x14,   0,      0, 0, 0, 0, 0x04, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
                                    0x28,   0,      0, 0, 0, 0, 0,    0, 0x02, 0, 0, 0,    0, 0, 0, 0};
  EXPECT_EQ(crc32c(read_command), 0xd9963a56U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(TensorBoard, RecordFramesItsBytes) {
  const std::string record = tfrecord("abc");
  ASSERT_EQ(record.size(), 8U + 4U + 3U + 4U);
  EXPECT_EQ(record.substr(0, 8), std::string("\x03\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(record.substr(12, 3), "abc");
  // Unmasked, as record_writer.h's reader does it.
  std::uint32_t masked = 0;
  for (int i = 3; i >= 0; --i)
    masked = masked << 8 | static_cast<unsigned char>(record[static_cast<std::size_t>(15 + i)]);
  const std::uint32_t rotated = masked - 0xa282ead8U;
  EXPECT_EQ((rotated >> 17) | (rotated << 15), crc32c("abc"));
}

std::string payload(const std::string& record) { return record.substr(12, record.size() - 16); }

TEST(TensorBoard, MessagesHaveTheFieldsOfTheProtos) {
  using namespace std::string_literals;
  const std::string one_second = "\x09\0\0\0\0\0\0\xf0\x3f"s;  // field 1, fixed64: the double 1
  EXPECT_EQ(payload(version_record(1)), one_second + "\x1a\x0d" + "brain.Event:2");
  EXPECT_EQ(payload(restart_record(1, 300)), one_second + "\x10\xac\x02"s + "\x3a\x02\x08\x01"s);
  // Value: tag "l", simple_value 0.5 (fixed32 0x3f000000), in a Summary in field 5.
  EXPECT_EQ(payload(scalars_record(1, 2, {{"l", 0.5}})),
            one_second + "\x10\x02" + "\x2a\x0a" + "\x0a\x08" + "\x0a\x01l" + "\x15\0\0\0\x3f"s);
  EXPECT_EQ(payload(image_record(1, 2, {"i", 3, 4, "png"})), one_second + "\x10\x02" + "\x2a\x12" + "\x0a\x10" +
                                                                 "\x0a\x01i" + "\x22\x0b" + "\x08\x03\x10\x04\x18\x03" +
                                                                 "\x22\x03png");
  EXPECT_EQ(payload(version_record(1)).find('\x10'), std::string::npos);  // a step of 0 is left out, as protobuf does
}

}  // namespace
}  // namespace ctforge::pipeline
