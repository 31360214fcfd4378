// Requests through cpp-httplib, watched like associations are.
#include "io/network/http_client.h"

#include "io/network/dicom_network_watch.h"

#include <csignal>
#include <regex>
#include <stdexcept>
#include <utility>

#include <httplib.h>

namespace ctforge::io {

namespace {

// Scheme and server, and the root without the slash at its end.
struct Url {
  std::string server, root;
};

Url parse(const std::string& url) {
  static const std::regex form(R"((https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?)((?:/[A-Za-z0-9._~-]+)*)/?)");
  std::smatch parts;
  if (!std::regex_match(url, parts, form)) throw std::invalid_argument("not a URL of a DICOMweb service");
  return {parts[1], parts[2]};
}

std::unique_ptr<httplib::Client> make_client(const Url& url, const HttpPeer& peer) {
  auto client = peer.tls.certificate.empty()
                    ? std::make_unique<httplib::Client>(url.server)
                    : std::make_unique<httplib::Client>(url.server, peer.tls.certificate, peer.tls.key);
  if (!client->is_valid())
    throw DataError(Fault::Unreadable,
                    "TLS: certificate and key cannot be used: PEM files, the key without a password");
  if (!peer.tls.authorities.empty()) client->set_ca_cert_path(peer.tls.authorities.string());
  client->enable_server_certificate_verification(true);
  client->set_follow_location(false);
  client->set_keep_alive(true);
  client->set_url_encode(false);
  client->set_connection_timeout(peer.silence_s);
  client->set_read_timeout(peer.silence_s);
  client->set_write_timeout(peer.silence_s);
  if (!peer.token.empty()) client->set_bearer_token_auth(peer.token);
  return client;
}

}  // namespace

struct HttpClient::State {
  explicit State(const HttpPeer& p) : peer(p), url(parse(p.url)), watch(p.interrupted), client(make_client(url, p)) {
    client->set_socket_options([this](auto socket) { watch.watch(static_cast<int>(socket)); });
  }

  // Sends a request within the time there is for it; the answer's body may have `most` bytes.
  HttpAnswer exchange(httplib::Request& request, std::int64_t most) {
    std::string body;
    bool too_large = false;
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      too_large = static_cast<std::int64_t>(body.size() + size) > most;
      if (!too_large) body.append(data, size);
      return !too_large;
    };
    httplib::Response response;
    httplib::Error error = httplib::Error::Success;
    watch.begin(peer.exchange_s);
    const bool answered = client->send(request, response, error);
    watch.end();
    if (too_large) throw DataError(Fault::TooLarge, "the server's answer is larger than the limit");
    if (!answered) throw failure(error);
    return {response.status, response.get_header_value("Content-Type"), std::move(body)};
  }

  NetworkError failure(httplib::Error error) const {
    const auto passing = [](const std::string& message) { return NetworkError(Fault::Unreachable, message, true); };
    if (watch.was_cut() && peer.interrupted()) return passing("the connection was broken off when asked to stop");
    if (watch.was_cut())
      return passing("the server took longer than " + std::to_string(peer.exchange_s) + " s for one exchange");
    switch (error) {
      case httplib::Error::SSLLoadingCerts:
        return {Fault::Unreadable, "TLS: the file of authorities cannot be used", false};
      case httplib::Error::SSLServerVerification:
        return {Fault::RefusedByPeer,
                "TLS: the server's certificate is not signed by an authority that is trusted, or "
                "bears another name",
                false};
      case httplib::Error::SSLConnection:
        return passing("TLS: no connection to the server");
      case httplib::Error::Connection:
      case httplib::Error::ConnectionTimeout:
        return passing("no connection to the server");
      default:
        return passing("the server broke the connection off, or said nothing for " + std::to_string(peer.silence_s) +
                       " s");
    }
  }

  HttpPeer peer;
  Url url;
  SocketWatch watch;
  std::unique_ptr<httplib::Client> client;
};

bool is_http_url(const std::string& url) {
  try {
    parse(url);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

std::string url_encoded(const std::string& text) {
  constexpr const char* digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain)
      encoded += c;
    else
      (encoded += '%') += {digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

HttpClient::HttpClient(const HttpPeer& peer) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the other side closed
  state_ = std::make_unique<State>(peer);
}
HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::get(const std::string& path, const std::string& accept, std::int64_t most) {
  httplib::Request request;
  request.method = "GET";
  request.path = state_->url.root + path;
  request.headers = {{"Accept", accept}};
  return state_->exchange(request, most);
}

HttpAnswer HttpClient::post(const std::string& path, std::string body, const std::string& content_type,
                            const std::string& accept, std::int64_t most) {
  httplib::Request request;
  request.method = "POST";
  request.path = state_->url.root + path;
  request.headers = {{"Accept", accept}, {"Content-Type", content_type}};
  request.body = std::move(body);
  return state_->exchange(request, most);
}

}  // namespace ctforge::io
