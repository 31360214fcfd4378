// What `push` and `pull` have in common: where the archive is, how it is spoken to, and how often it is tried.
#pragma once

#include "io/network/dicom_network.h"
#include "io/network/http_client.h"
#include "pipeline/config/fields.h"
#include "pipeline/run/context.h"

#include <cstdint>
#include <functional>
#include <string>

namespace ctforge::pipeline {

struct TlsConfig {
  bool enabled = false;
  std::string authorities;
  std::string certificate;
  std::string key;
  std::string name;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("enabled", enabled, "TLS to HOST:PORT; the archive's certificate is checked");
    visit("authorities", authorities, "PEM file of the certificates that are trusted; for https empty: the system's");
    visit("certificate", certificate, "PEM file of our certificate, where the archive wants one");
    visit("key", key, "PEM file of its key, without a password");
    visit("name", name, "name that the archive's certificate must bear, where it is not the host's");
  }
};

struct NetworkConfig {
  std::string called = "ANY-SCP";
  std::string calling = "CTFORGE";
  TlsConfig tls;
  std::string token_file;
  std::int64_t timeout_s = 30;
  std::int64_t exchange_s = 600;
  std::int64_t retries = 3;
  double backoff_s = 2;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("called", called, "the archive's AE title");
    visit("calling", calling, "our AE title");
    visit.section("tls", tls);
    visit("token_file", token_file, "https: file whose text is sent as bearer token");
    visit("timeout_s", timeout_s, "seconds the archive may say nothing, or take to accept a connection",
          Range{1, 3600});
    visit("exchange_s", exchange_s, "seconds one object or one answer may take", Range{1, 86400});
    visit("retries", retries, "tries after the first for what may go better later", Range{0, 1000});
    visit("backoff_s", backoff_s, "seconds before the second try; doubled before each further one, up to 5 min",
          Range{0, 300});
  }
};

// An archive that can be spoken to: over DICOM, or over HTTP.
struct Archive {
  bool web = false;
  io::DicomPeer dicom;  // where not web
  io::HttpPeer http;    // where web
  std::string shown;    // "host:port AETITLE" or the URL
};

// `address` is HOST:PORT or a URL of a DICOMweb service; `section` names the settings in messages. Throws ConfigError
// with everything that is wrong, also with what would do nothing: TLS settings without TLS, AE titles for a URL.
Archive archive_at(const std::string& address, const NetworkConfig& config, const std::string& section,
                   const Context& context);

// Calls `attempt` until it returns true or was tried config.retries times more. A NetworkError that is passing is worth
// another try, also where `attempt` returns false; others, and that of the last try, are thrown. Throws
// Interrupted{stage} when asked to stop.
void with_retries(const NetworkConfig& config, const std::string& stage, const Context& context,
                  const std::function<bool()>& attempt);

}  // namespace ctforge::pipeline
