// Negotiation: wrong titles, nobody there, and archives that say nothing.
#include "io/network/dicom_network_association.h"

#include "tests/io/network/archive_support.h"

#include <chrono>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

const std::vector<ProposedContext> kVerification = {{UID_VerificationSOPClass, native_syntaxes(), false}};

// What the attempt throws, and how long it takes.
NetworkError failure(const DicomPeer& peer, double* seconds = nullptr) {
  const auto start = std::chrono::steady_clock::now();
  try {
    const DicomAssociation association(peer, kVerification);
  } catch (const NetworkError& error) {
    if (seconds != nullptr) *seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return error;
  }
  throw std::runtime_error("no error");
}

TEST(DicomAssociation, ContextsAreAcceptedByTheirPlace) {
  test::TestArchive archive;
  DicomAssociation association(archive.peer(), {{UID_VerificationSOPClass, native_syntaxes(), false},
                                                {UID_CTImageStorage, {UID_RLELosslessTransferSyntax}, true}});
  EXPECT_EQ(association.accepted(0), UID_LittleEndianExplicitTransferSyntax);
  EXPECT_EQ(association.accepted(1), UID_RLELosslessTransferSyntax);
  EXPECT_EQ(association.accepted(2), "");
  association.release();
}

TEST(DicomAssociation, AWrongTitleIsNotWorthAnotherTry) {
  test::TestArchive archive;
  DicomPeer peer = archive.peer();
  peer.called = "OTHER";
  const NetworkError error = failure(peer);
  EXPECT_EQ(error.fault(), Fault::RefusedByPeer);
  EXPECT_FALSE(error.passing());
  EXPECT_NE(std::string(error.what()).find("does not know the called AE title"), std::string::npos) << error.what();
}

TEST(DicomAssociation, NobodyThereMayPass) {
  DicomPeer peer;
  {
    test::SilentPort port;  // closed again
    peer = {.host = "127.0.0.1", .port = port.port(), .called = "A", .calling = "B", .silence_s = 2, .exchange_s = 5};
  }
  const NetworkError error = failure(peer);
  EXPECT_EQ(error.fault(), Fault::Unreachable);
  EXPECT_TRUE(error.passing());
}

TEST(DicomAssociation, SilenceEnds) {
  const test::SilentPort port;
  for (const auto& [silence, exchange] : {std::pair(1, 20), std::pair(20, 1)}) {
    double seconds = 0;
    const NetworkError error = failure({.host = "127.0.0.1",
                                        .port = port.port(),
                                        .called = "A",
                                        .calling = "B",
                                        .silence_s = silence,
                                        .exchange_s = exchange},
                                       &seconds);
    EXPECT_EQ(error.fault(), Fault::Unreachable);
    EXPECT_LT(seconds, 5) << error.what();
  }
}

TEST(DicomAssociation, AskedToStopItStops) {
  const test::SilentPort port;
  double seconds = 0;
  failure({.host = "127.0.0.1",
           .port = port.port(),
           .called = "A",
           .calling = "B",
           .silence_s = 20,
           .exchange_s = 20,
           .interrupted = [] { return true; }},
          &seconds);
  EXPECT_LT(seconds, 3);
}

TEST(DicomAssociation, TooManyContextsAreOurFault) {
  test::TestArchive archive;
  EXPECT_THROW(DicomAssociation(archive.peer(), std::vector<ProposedContext>(129, kVerification[0])),
               std::invalid_argument);
}

TEST(DicomAssociation, StatusesAreHexadecimal) { EXPECT_EQ(status_text(0xA700), "0xA700"); }

}  // namespace
}  // namespace ctforge::io
