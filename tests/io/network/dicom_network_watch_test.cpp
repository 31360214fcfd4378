// A watched socket is cut at the deadline, when too much comes, when asked to, and not before.
#include "io/network/dicom_network_watch.h"

#include <array>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ctforge::io {
namespace {

struct Pair {
  std::array<int, 2> ends{};
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0); }
  ~Pair() {
    for (const int end : ends) ::close(end);
  }
  // Waits for what the other end says: 0 when it was cut.
  ssize_t read() const {
    char byte = 0;
    return ::read(ends[0], &byte, 1);
  }
};

TEST(SocketWatch, CutsAtTheDeadline) {
  const Pair pair;
  SocketWatch watch([] { return false; });
  watch.watch(pair.ends[0]);
  watch.begin(1);
  EXPECT_EQ(pair.read(), 0);
  EXPECT_TRUE(watch.was_cut());
}

TEST(SocketWatch, CutsWhenInterrupted) {
  const Pair pair;
  std::atomic<bool> interrupted{false};
  SocketWatch watch([&] { return interrupted.load(); });
  watch.watch(pair.ends[0]);
  interrupted = true;
  EXPECT_EQ(pair.read(), 0);
}

TEST(SocketWatch, LeavesAnExchangeThatEndedAlone) {
  const Pair pair;
  SocketWatch watch([] { return false; });
  watch.watch(pair.ends[0]);
  watch.begin(1);
  watch.end();
  std::this_thread::sleep_for(std::chrono::milliseconds(1300));
  EXPECT_FALSE(watch.was_cut());
  ASSERT_EQ(::write(pair.ends[1], "x", 1), 1);
  EXPECT_EQ(pair.read(), 1);
}

TEST(SocketWatch, CutsWhenAMessageIsTooLarge) {
  const Pair pair;
  SocketWatch watch([] { return false; });
  watch.watch(pair.ends[0]);
  for (int message = 0; message < 3; ++message) {
    watch.begin(60);
    EXPECT_TRUE(watch.count(SocketWatch::kMostMessageBytes));
  }
  watch.expect(SocketWatch::kAnyBytes);
  EXPECT_TRUE(watch.count(1 << 30));
  EXPECT_FALSE(watch.was_cut());
  watch.expect();
  EXPECT_TRUE(watch.count(1000));
  EXPECT_FALSE(watch.count(SocketWatch::kMostMessageBytes));
  EXPECT_TRUE(watch.was_cut());
  EXPECT_TRUE(watch.was_flooded());
  EXPECT_EQ(pair.read(), 0);
}

TEST(SocketWatch, ASocketThatComesTooLateIsCutAtOnce) {
  const Pair pair;
  SocketWatch watch([] { return false; });
  watch.cut();
  watch.watch(pair.ends[0]);
  EXPECT_EQ(pair.read(), 0);
}

}  // namespace
}  // namespace ctforge::io
