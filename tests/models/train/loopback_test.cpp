// A port, once.
#include "models/train/loopback.h"

#include <string>
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

TEST(Loopback, SaysWhatToDoAboutAPortThatIsTaken) {
  for (const auto listen : {listen_on_loopback, listen_on_network}) {
    const int listener = listen(0);
    try {
      listen(port_of(listener));
      ADD_FAILURE() << "twice the same port";
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::address_in_use);
      for (const std::string& part : {"port " + std::to_string(port_of(listener)), std::string("set MASTER_PORT")})
        EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
    ::close(listener);
  }
}

TEST(Loopback, IsToldByItsName) {
  EXPECT_TRUE(is_loopback("127.0.0.1") && is_loopback("localhost"));
  EXPECT_FALSE(is_loopback("10.0.0.1") || is_loopback("node127"));
}

}  // namespace
}  // namespace ctforge::train
