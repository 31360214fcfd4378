// C-MOVE to ourselves: the service is there while objects are moved, on the loopback, and not after.
#include "io/network/dicom_network_move.h"

#include "io/network/dicom_network_find.h"
#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <system_error>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

int free_port() { return test::SilentPort().port(); }

class DicomMove : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& file : test::write_objects(from_.path(), 5)) archive_.put(file);
    with_archive(archive_.peer(), 100, [this](const AskArchive& ask) { wanted_ = find_series(ask, {}, 100); });
    archive_.behaviour.destination_port = port_;
  }
  Retrieval move(DicomInbox& inbox, const DicomPeer& peer) {
    return move_objects(peer, {"127.0.0.1", port_}, wanted_, inbox, [](std::int64_t) {});
  }

  test::TemporaryFolder from_, to_;
  test::TestArchive archive_;
  std::vector<FoundSeries> wanted_;
  int port_ = free_port();
  DicomInbox inbox_{to_.path(), "a key", {100, 1 << 20, 1 << 20}};
};

TEST_F(DicomMove, AllComeAndTheServiceIsGone) {
  EXPECT_EQ(move(inbox_, archive_.peer()).received, 5);
  for (const auto& object : wanted_[0].objects) EXPECT_TRUE(inbox_.holds(wanted_[0], object));
  DicomPeer ourselves = archive_.peer();
  ourselves.port = port_;
  EXPECT_THROW(DicomAssociation(ourselves, {{UID_VerificationSOPClass, native_syntaxes(), false}}), NetworkError);
  EXPECT_EQ(move(inbox_, archive_.peer()).received, 0);
}

TEST_F(DicomMove, AnArchiveThatDoesNotKnowUsIsNamed) {
  archive_.behaviour.destination_port = 0;
  try {
    move(inbox_, archive_.peer());
    FAIL() << "no error";
  } catch (const NetworkError& error) {
    EXPECT_EQ(error.fault(), Fault::RefusedByPeer);
    EXPECT_NE(std::string(error.what()).find("does not know our AE title"), std::string::npos) << error.what();
  }
}

TEST_F(DicomMove, LimitsEndIt) {
  DicomInbox few(to_.path(), "a key", {.objects = 2, .bytes = 1 << 20, .object_bytes = 1 << 20});
  try {
    move(few, archive_.peer());
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::TooLarge);
  }
  EXPECT_EQ(few.objects(), 2);
}

TEST_F(DicomMove, AFullDiskIsTold) {
  {
    const test::FileSizeLimit limit(700);
    EXPECT_THROW(move(inbox_, archive_.peer()), std::system_error);
  }
  EXPECT_EQ(inbox_.objects(), 0);
  EXPECT_EQ(move(inbox_, archive_.peer()).received, 5);
}

TEST_F(DicomMove, AnswersWithoutAnEndAreLeft) {
  archive_.behaviour.pending = 900;
  archive_.behaviour.list_bytes = 300'000;  // let pass by
  EXPECT_EQ(move(inbox_, archive_.peer()).received, 5);
  archive_.behaviour.pending = 5000;
  const test::TemporaryFolder other;
  DicomInbox again(other.path(), "a key", {100, 1 << 20, 1 << 20});
  try {
    move(again, archive_.peer());
    FAIL() << "no error";
  } catch (const NetworkError& error) {
    EXPECT_EQ(error.fault(), Fault::TooLarge) << error.what();
  }
}

TEST_F(DicomMove, APortInUseIsAnError) {
  const test::SilentPort taken;
  EXPECT_THROW(move_objects(archive_.peer(), {"127.0.0.1", taken.port()}, wanted_, inbox_, [](std::int64_t) {}),
               NetworkError);
}

}  // namespace
}  // namespace ctforge::io
