// What is noted is known by the next process, under hashes, for its archive alone.
#include "pipeline/network/push_ledger.h"

#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using Outcome = io::Delivery::Outcome;

TEST(PushLedger, RemembersWhatArrived) {
  test::TemporaryFolder folder;
  {
    PushLedger ledger(folder.path(), "key", "host:1 A");
    EXPECT_FALSE(ledger.arrived("1.2.3"));
    ledger.note("1.2.3", {Outcome::Arrived, "0x0000"});
    ledger.note("1.2.4", {Outcome::Refused, "0xC000"});
    ledger.note("1.2.5", {Outcome::Known, "0x0111"});
    ledger.save();
  }
  PushLedger ledger(folder.path(), "key", "host:1 A");
  EXPECT_TRUE(ledger.arrived("1.2.3"));
  EXPECT_FALSE(ledger.arrived("1.2.4"));
  EXPECT_TRUE(ledger.arrived("1.2.5"));
  ledger.note_missing("1.2.3");
  EXPECT_FALSE(ledger.arrived("1.2.3"));
  EXPECT_FALSE(PushLedger(folder.path(), "key", "host:1 B").arrived("1.2.3"));
  EXPECT_FALSE(PushLedger(folder.path(), "other key", "host:1 A").arrived("1.2.3"));
}

TEST(PushLedger, HoldsNoUid) {
  test::TemporaryFolder folder;
  PushLedger ledger(folder.path(), "key", "host:1 A");
  ledger.note("1.2.840.99", {Outcome::Arrived, "0x0000"});
  ledger.save();
  const std::string bytes = test::read_file(ledger.file());
  EXPECT_EQ(bytes.find("1.2.840.99"), std::string::npos);
  EXPECT_NE(bytes.find("\"archive\": \"host:1 A\""), std::string::npos) << bytes;
}

TEST(PushLedger, ADamagedLedgerIsNotTrusted) {
  test::TemporaryFolder folder;
  PushLedger ledger(folder.path(), "key", "host:1 A");
  ledger.save();
  test::write_file(ledger.file(), "{");
  EXPECT_THROW(PushLedger(folder.path(), "key", "host:1 A"), io::DataError);
  test::write_file(ledger.file(), R"({"schema": 99, "objects": {}})");
  EXPECT_THROW(PushLedger(folder.path(), "key", "host:1 A"), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
