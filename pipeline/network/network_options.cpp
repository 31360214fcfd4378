// Checking addresses and settings of connections, and waiting between tries.
#include "pipeline/network/network_options.h"

#include "io/file/atomic_file.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/observe/log.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <vector>

namespace ctforge::pipeline {

namespace {

class Checks {
 public:
  explicit Checks(std::string section) : section_(std::move(section)) {}
  void refuse_if(bool wrong, const std::string& key, const std::string& message) {
    if (wrong) problems_.push_back({"configuration", section_ + "." + key, message});
  }
  void refuse_address(const std::string& message) { problems_.push_back({"the archive's address", "", message}); }
  void done() {
    if (!problems_.empty()) throw ConfigError(std::move(problems_));
  }

 private:
  std::string section_;
  std::vector<ConfigProblem> problems_;
};

// PS3.5 table 6.2-1, AE.
bool is_title(const std::string& text) {
  return !text.empty() && text.size() <= 16 && text.find_first_not_of(' ') != std::string::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '\\'; });
}

bool split_address(const std::string& address, io::DicomPeer& peer) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  peer.host = address.substr(0, colon);
  const char* end = address.data() + address.size();
  const auto [stop, error] = std::from_chars(address.data() + colon + 1, end, peer.port);
  const bool plain = std::all_of(peer.host.begin(), peer.host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '-';
  });
  return plain && peer.host.size() < 100 && error == std::errc() && stop == end && peer.port >= 1 && peer.port <= 65535;
}

io::TlsSettings tls_of(const TlsConfig& tls, bool enabled) {
  return {enabled, tls.authorities, tls.certificate, tls.key, tls.name};
}

bool any_file(const TlsConfig& tls) { return !tls.authorities.empty() || !tls.certificate.empty() || !tls.key.empty(); }

std::string read_token(const std::string& file, Checks& checks) {
  std::string token;
  try {
    token = io::read_whole_file(file);
  } catch (const io::DataError&) {
    checks.refuse_if(true, "token_file", "the file cannot be read");
    return token;
  }
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) token.pop_back();
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  checks.refuse_if(token.empty() || !plain, "token_file", "the file holds no token: one word of ASCII");
  return token;
}

// Of a URL that has the form of io::is_http_url.
std::string host_of(const std::string& url) {
  const std::size_t start = url.find("://") + 3;
  return url.substr(start, url.find_first_of(":/", start) - start);
}

void fill_web(const std::string& address, const NetworkConfig& config, Archive& archive, Checks& checks) {
  const bool https = address.starts_with("https://");
  const std::string host = host_of(address);
  const bool here = host == "127.0.0.1" || host == "localhost";
  if (!io::is_http_url(address))
    checks.refuse_address("expected http(s)://host[:port][/root] without user, query or fragment");
  checks.refuse_if(config.called != NetworkConfig().called, "called", "a URL has no AE title");
  checks.refuse_if(config.calling != NetworkConfig().calling, "calling", "a URL has no AE title");
  checks.refuse_if(config.tls.enabled, "tls.enabled", "is for HOST:PORT; a URL begins with https:// for TLS");
  checks.refuse_if(!config.tls.name.empty(), "tls.name", "is for HOST:PORT; a URL's certificate must bear its host");
  checks.refuse_if(!https && any_file(config.tls), "tls", "files are given, but the URL begins with http://");
  checks.refuse_if(!https && !here && !config.token_file.empty(), "token_file",
                   "a token is sent over https:// only, where nobody else reads it");
  archive.web = true;
  archive.http.url = address;
  archive.http.tls = tls_of(config.tls, https);
  if (!config.token_file.empty()) archive.http.token = read_token(config.token_file, checks);
  archive.shown = address;
}

void fill_dicom(const std::string& address, const NetworkConfig& config, Archive& archive, Checks& checks) {
  if (!split_address(address, archive.dicom)) checks.refuse_address("expected HOST:PORT or a URL http(s)://...");
  checks.refuse_if(!is_title(config.called), "called", "an AE title has 1 to 16 characters of ASCII, no backslash");
  checks.refuse_if(!is_title(config.calling), "calling", "an AE title has 1 to 16 characters of ASCII, no backslash");
  const bool tls = config.tls.enabled;
  checks.refuse_if(!tls && any_file(config.tls), "tls", "files are given, but tls.enabled is false");
  checks.refuse_if(!tls && !config.tls.name.empty(), "tls.name", "does nothing where tls.enabled is false");
  checks.refuse_if(tls && config.tls.authorities.empty(), "tls.authorities",
                   "is needed to check the archive's certificate");
  checks.refuse_if(!config.token_file.empty(), "token_file", "is for URLs");
  archive.dicom.called = config.called;
  archive.dicom.calling = config.calling;
  archive.dicom.tls = tls_of(config.tls, tls);
  archive.shown = address + " " + config.called;
}

void wait(double seconds, const std::string& stage, const Context& context) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < until) {
    if (context.interrupted()) throw Interrupted{stage};
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

Archive archive_at(const std::string& address, const NetworkConfig& config, const std::string& section,
                   const Context& context) {
  Archive archive;
  Checks checks(section);
  if (address.find("://") != std::string::npos)
    fill_web(address, config, archive, checks);
  else
    fill_dicom(address, config, archive, checks);
  checks.refuse_if(config.tls.certificate.empty() != config.tls.key.empty(), "tls",
                   "certificate and key go together: give both or none");
  checks.done();
  archive.dicom.silence_s = archive.http.silence_s = static_cast<int>(config.timeout_s);
  archive.dicom.exchange_s = archive.http.exchange_s = static_cast<int>(config.exchange_s);
  archive.dicom.interrupted = archive.http.interrupted = context.interrupted;
  return archive;
}

void with_retries(const NetworkConfig& config, const std::string& stage, const Context& context,
                  const std::function<bool()>& attempt) {
  double pause_s = config.backoff_s;
  for (std::int64_t retry = 0;; ++retry) {
    std::string why = "the archive was busy";
    try {
      const bool done = attempt();
      if (context.interrupted()) throw Interrupted{stage};
      if (done || retry == config.retries) return;
    } catch (const io::NetworkError& error) {
      if (context.interrupted()) throw Interrupted{stage};
      if (!error.passing() || retry == config.retries) throw;
      why = error.what();
    }
    log_warning(stage + ": " + why + "; trying again");
    wait(pause_s, stage, context);
    pause_s = std::min(2 * pause_s, 300.0);
  }
}

}  // namespace ctforge::pipeline
