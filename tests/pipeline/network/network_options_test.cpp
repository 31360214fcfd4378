// Addresses and settings: what is taken, what is refused, and when another try is made.
#include "pipeline/network/network_options.h"

#include "pipeline/config/config_tree.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

std::string problems(const std::string& address, const NetworkConfig& config) {
  try {
    archive_at(address, config, "push", {});
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(NetworkOptions, BothKindsOfAddresses) {
  const Archive dicom = archive_at("pacs.example:104", {.called = "PACS"}, "push", {});
  EXPECT_FALSE(dicom.web);
  EXPECT_EQ(dicom.dicom.host, "pacs.example");
  EXPECT_EQ(dicom.dicom.port, 104);
  EXPECT_EQ(dicom.dicom.called, "PACS");
  EXPECT_EQ(dicom.dicom.silence_s, 30);
  EXPECT_EQ(dicom.shown, "pacs.example:104 PACS");
  EXPECT_TRUE(archive_at("https://pacs.example/dicom-web", {}, "push", {}).web);
}

TEST(NetworkOptions, WrongAddressesAreRefused) {
  for (const char* wrong : {"", "pacs", "pacs:", ":104", "pacs:0", "pacs:65536", "pacs:1x", "pa cs:104", "[::1]:104",
                            "ftp://pacs", "http://a:b@pacs"})
    EXPECT_NE(problems(wrong, {}), "") << wrong;
}

TEST(NetworkOptions, WhatWouldDoNothingIsRefused) {
  EXPECT_NE(problems("p:1", {.tls = {.authorities = "a.pem"}}).find("tls.enabled is false"), std::string::npos);
  EXPECT_NE(problems("p:1", {.tls = {.name = "pacs"}}).find("push.tls.name"), std::string::npos);
  EXPECT_NE(problems("p:1", {.token_file = "t"}).find("push.token_file"), std::string::npos);
  EXPECT_NE(problems("https://p", {.called = "PACS"}).find("push.called"), std::string::npos);
  EXPECT_NE(problems("https://p", {.tls = {.enabled = true}}).find("push.tls.enabled"), std::string::npos);
  EXPECT_NE(problems("http://p", {.tls = {.authorities = "a.pem"}}).find("push.tls"), std::string::npos);
}

TEST(NetworkOptions, TlsNeedsItsFiles) {
  EXPECT_NE(problems("p:1", {.tls = {.enabled = true}}).find("push.tls.authorities"), std::string::npos);
  EXPECT_NE(problems("https://p", {.tls = {.certificate = "c.pem"}}).find("go together"), std::string::npos);
  EXPECT_EQ(problems("p:1", {.tls = {.enabled = true, .authorities = "a.pem"}}), "");
}

TEST(NetworkOptions, TitlesAreAeTitles) {
  for (const char* wrong : {"", "   ", "SEVENTEEN LETTERS", "BACK\\SLASH", "\xc3\x84"})
    EXPECT_NE(problems("p:1", {.called = wrong}), "") << wrong;
}

TEST(NetworkOptions, ATokenIsSentWhereNobodyElseReadsIt) {
  test::TemporaryFolder folder;
  test::write_file(folder / "token", "abc.def\n");
  const NetworkConfig config = {.token_file = folder / "token"};
  EXPECT_EQ(archive_at("https://p", config, "push", {}).http.token, "abc.def");
  EXPECT_EQ(archive_at("http://127.0.0.1:1", config, "push", {}).http.token, "abc.def");
  EXPECT_EQ(archive_at("http://localhost/dicom-web", config, "push", {}).http.token, "abc.def");
  EXPECT_EQ(archive_at("http://localhost", config, "push", {}).http.token, "abc.def");
  for (const char* elsewhere : {"http://p", "http://localhost.evil.example", "http://localhost.evil.example:8042/root",
                                "http://localhostile", "http://127.0.0.1.evil.example", "http://127.0.0.10"})
    EXPECT_NE(problems(elsewhere, config).find("push.token_file"), std::string::npos) << elsewhere;
  test::write_file(folder / "token", "two words");
  EXPECT_NE(problems("https://p", config), "");
}

io::NetworkError failure(bool passing) { return {io::Fault::Unreachable, "x", passing}; }

TEST(WithRetries, TriesAgainWhatMayPass) {
  const NetworkConfig config = {.retries = 2, .backoff_s = 0};
  int tries = 0;
  with_retries(config, "push", {}, [&] {
    if (++tries < 3) throw failure(true);
    return true;
  });
  EXPECT_EQ(tries, 3);
  tries = 0;
  EXPECT_THROW(with_retries(config, "push", {},
                            [&]() -> bool {
                              ++tries;
                              throw failure(true);
                            }),
               io::NetworkError);
  EXPECT_EQ(tries, 3);
  tries = 0;
  with_retries(config, "push", {}, [&] { return ++tries > 10; });
  EXPECT_EQ(tries, 3);
}

TEST(WithRetries, DoesNotTryAgainWhatWillNot) {
  int tries = 0;
  EXPECT_THROW(with_retries({.retries = 5, .backoff_s = 0}, "push", {},
                            [&]() -> bool {
                              ++tries;
                              throw failure(false);
                            }),
               io::NetworkError);
  EXPECT_EQ(tries, 1);
}

TEST(WithRetries, StopsWhenAskedTo) {
  Context context;
  context.interrupted = [] { return true; };
  EXPECT_THROW(with_retries({}, "push", context, [] { return true; }), Interrupted);
  EXPECT_THROW(with_retries({}, "push", context, []() -> bool { throw failure(true); }), Interrupted);
}

}  // namespace
}  // namespace ctforge::pipeline
