// TLS with certificates of openssl: the right ones connect, each wrong one does not.
#include "io/network/dicom_network_tls.h"

#include "io/network/dicom_network_find.h"
#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <memory>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

class DicomTls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<test::TemporaryFolder>();
    test::make_certificates(folder_->path());
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static TlsSettings files(const std::string& name, const std::string& authority = "authority") {
    return {.enabled = true,
            .authorities = *folder_ / (authority + ".pem"),
            .certificate = *folder_ / (name + ".pem"),
            .key = *folder_ / (name + ".key")};
  }

  static void connect(const test::TestArchive& archive, const TlsSettings& ours) {
    DicomPeer peer = archive.peer();
    peer.tls = ours;
    DicomAssociation association(peer, {{UID_VerificationSOPClass, native_syntaxes(), false}});
    association.release();
  }

  static std::unique_ptr<test::TemporaryFolder> folder_;
};

std::unique_ptr<test::TemporaryFolder> DicomTls::folder_;

TEST_F(DicomTls, BothSidesKnowEachOther) {
  const test::TestArchive archive({.tls = files("server")});
  EXPECT_NO_THROW(connect(archive, files("client")));
}

TEST_F(DicomTls, AnUnknownAuthorityIsRefused) {
  const test::TestArchive archive({.tls = files("server")});
  EXPECT_THROW(connect(archive, files("client", "stranger")), NetworkError);
}

TEST_F(DicomTls, ACertificateOfAnotherNameIsRefused) {
  const test::TestArchive archive({.tls = files("server")});
  TlsSettings ours = files("client");
  ours.name = "localhost";  // a name of the certificate too
  EXPECT_NO_THROW(connect(archive, ours));
  ours.name = "archive.example";
  EXPECT_THROW(connect(archive, ours), NetworkError);
}

TEST_F(DicomTls, AnArchiveWantsOurCertificate) {
  const test::TestArchive archive({.tls = files("server")});
  TlsSettings ours = files("client");
  ours.certificate = ours.key = "";
  EXPECT_THROW(connect(archive, ours), NetworkError);
}

TEST_F(DicomTls, APlainArchiveIsNotSpokenTo) {
  const test::TestArchive archive;
  EXPECT_THROW(connect(archive, files("client")), NetworkError);
}

TEST_F(DicomTls, WhatComesIsCounted) {
  const test::TemporaryFolder folder;
  test::TestArchive archive({.tls = files("server"), .identifier_bytes = 300'000});
  archive.put(test::write_objects(folder.path(), 1)[0]);
  DicomPeer peer = archive.peer();
  peer.tls = files("client");
  try {
    with_archive(peer, 10, [](const AskArchive& ask) { ask(QueryLevel::Image, {{"SOPInstanceUID", ""}}); });
    FAIL() << "no error";
  } catch (const NetworkError& error) {
    EXPECT_EQ(error.fault(), Fault::TooLarge) << error.what();
  }
}

TEST_F(DicomTls, FilesThatDoNotFitAreRefused) {
  SocketWatch watch([] { return false; });
  TlsSettings wrong = files("client");
  wrong.key = *folder_ / "server.key";
  EXPECT_THROW(make_transport(wrong, NET_REQUESTOR, "127.0.0.1", watch), DataError);
  wrong = files("client");
  wrong.authorities = *folder_ / "names.cnf";
  EXPECT_THROW(make_transport(wrong, NET_REQUESTOR, "127.0.0.1", watch), DataError);
  wrong = files("nobody");
  EXPECT_THROW(make_transport(wrong, NET_REQUESTOR, "127.0.0.1", watch), DataError);
}

}  // namespace
}  // namespace ctforge::io
