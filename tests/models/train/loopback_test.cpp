// A port of the loopback, once.
#include "models/train/loopback.h"

#include <system_error>

#include <gtest/gtest.h>
#include <unistd.h>

namespace ctforge::train {
namespace {

TEST(Loopback, GivesAPortThatNobodyElseGets) {
  const int listener = listen_on_loopback(0);
  const int port = port_of(listener);
  EXPECT_GT(port, 0);
  EXPECT_THROW(listen_on_loopback(port), std::system_error);
  ::close(listener);
  EXPECT_THROW(port_of(listener), std::system_error);
}

TEST(Loopback, IsToldByItsName) {
  EXPECT_TRUE(is_loopback("127.0.0.1") && is_loopback("localhost"));
  EXPECT_FALSE(is_loopback("10.0.0.1") || is_loopback("node127"));
}

}  // namespace
}  // namespace ctforge::train
