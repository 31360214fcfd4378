// Requests and replies there and back, and damaged ones.
#include "io/decode/decode_protocol.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

DecodeRequest sample() {
  DecodeRequest request;
  request.task = DecodeTask::Itk;
  request.labels = true;
  request.threads = 3;
  request.size = {4, 5, 6};
  request.paths = {"a b", std::string("x\ny")};
  request.slices = {{1, 0}, {0, 5}};
  request.grid = {{0, 0, 0}, {0.5, 0.75, 2}, {-1, 1e-300, 3}, {{{0, 1, 0}, {-1, 0, 0}, {0, 0, 1}}}};
  request.tilted = true;
  request.structures = {{7, 255}, {65535, 1}};
  return request;
}

TEST(DecodeProtocol, RequestsComeBack) {
  const DecodeRequest back = decode_request(encode_request(sample()));
  EXPECT_EQ(back.task, DecodeTask::Itk);
  EXPECT_TRUE(back.labels);
  EXPECT_EQ(back.voxels(), 120);
  EXPECT_EQ(back.paths, sample().paths);
  EXPECT_EQ(back.slices, sample().slices);
  EXPECT_EQ(back.grid.spacing_mm, sample().grid.spacing_mm);
  EXPECT_EQ(back.grid.origin_mm, sample().grid.origin_mm);
  EXPECT_EQ(back.grid.direction, sample().grid.direction);
  EXPECT_TRUE(back.tilted);
  EXPECT_EQ(back.structures, sample().structures);
}

TEST(DecodeProtocol, RefusesCutRequests) {
  const std::string bytes = encode_request(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_THROW(decode_request(std::string_view(bytes).substr(0, length)), std::invalid_argument);
}

TEST(DecodeProtocol, RefusesSlicesOfNoFile) {
  DecodeRequest request = sample();
  request.slices[0].file = 2;
  EXPECT_THROW(decode_request(encode_request(request)), std::invalid_argument);
}

TEST(DecodeProtocol, RepliesThrowWhatTheySay) {
  DecodeReply reply;
  EXPECT_THROW(check_reply(reply), std::runtime_error);
  write_refusal(reply, DataError(Fault::NotFinite, std::string(5000, 'm')));
  try {
    check_reply(reply);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::NotFinite);
    EXPECT_EQ(std::string(error.what()).size(), 1023U);
  }
}

}  // namespace
}  // namespace ctforge::io
