// The pickle reader on pickles written out by hand (Python: pickletools.dis), and on those it must not run.
#include "models/nets/pickle.h"

#include "io/file/fault.h"

#include <string>

#include <gtest/gtest.h>

namespace ctforge::nets {
namespace {

using namespace std::string_literals;
using Kind = PickleValue::Kind;

PickleValue read(const std::string& bytes) {
  std::string_view data = bytes;
  return read_pickle(data);
}

TEST(Pickle, ReadsNumbers) {
  EXPECT_EQ(read("\x80\x02K\x07."s).integer, 7);
  EXPECT_EQ(read("\x80\x02M\xe9\x03."s).integer, 1001);
  EXPECT_EQ(read("\x80\x02J\xfe\xff\xff\xff."s).integer, -2);
  EXPECT_EQ(read("\x80\x02\x8a\x01\xff."s).integer, -1);
  EXPECT_EQ(read("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s).kind, Kind::Bytes);
}

TEST(Pickle, ReadsADictionary) {
  // {"a": (1, True), "b": [None]}
  const PickleValue value = read("\x80\x02}q\0(X\x01\0\0\0aK\x01\x88\x86X\x01\0\0\0b]Nau."s);
  ASSERT_EQ(value.kind, Kind::Dictionary);
  ASSERT_EQ(value.pairs.size(), 2U);
  EXPECT_EQ(value.pairs[0].first.text, "a");
  EXPECT_EQ(value.pairs[0].second.items.at(0).integer, 1);
  EXPECT_EQ(value.pairs[1].second.items.at(0).kind, Kind::None);
}

TEST(Pickle, LeavesWhatFollows) {
  const std::string bytes = "\x80\x02K\x07.rest"s;
  std::string_view data = bytes;
  read_pickle(data);
  EXPECT_EQ(data, "rest");
}

TEST(Pickle, RunsNothing) {
  // os.system("exit 1"): the name and its argument come back as data.
  const PickleValue value = read("\x80\x02\x63os\nsystem\nX\x06\0\0\0exit 1\x85R."s);
  ASSERT_EQ(value.kind, Kind::Call);
  EXPECT_EQ(value.items.at(0).text, "os system");
  EXPECT_EQ(value.items.at(1).text, "exit 1");
}

TEST(Pickle, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(read("\x80\x04K\x07."s), io::DataError);          // protocol 4
  EXPECT_THROW(read("\x80\x02ios\nsystem\n."s), io::DataError);  // INST
  EXPECT_THROW(read("\x80\x02."s), io::DataError);               // nothing to return
  EXPECT_THROW(read("\x80\x02K\x01K\x02u."s), io::DataError);    // items without dictionary
  EXPECT_THROW(read("\x80\x02h\x05."s), io::DataError);          // never remembered
}

TEST(Pickle, RefusesEveryTruncation) {
  const std::string whole = "\x80\x02}q\0(X\x01\0\0\0aK\x01\x88\x86X\x01\0\0\0b]Nau."s;
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(read(whole.substr(0, size)), io::DataError) << size;
}

}  // namespace
}  // namespace ctforge::nets
