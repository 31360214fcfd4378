// HTTP and HTTPS requests to one server, through cpp-httplib; its types stay in the source.
#pragma once

#include "io/network/dicom_network.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace ctforge::io {

struct HttpPeer {
  std::string url;    // http://host[:port][/root] or https://...; nothing after the root
  TlsSettings tls;    // of https: authorities (empty: the system's), certificate and key
  std::string token;  // "Authorization: Bearer <token>"; empty: none
  int silence_s = 1;  // as DicomPeer
  int exchange_s = 1;
  std::function<bool()> interrupted = [] { return false; };
};

struct HttpAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
};

// Whether HttpPeer::url has that form. User names and passwords in it are not taken.
bool is_http_url(const std::string& url);
// Percent-encoding of what is not unreserved (RFC 3986 2.3).
std::string url_encoded(const std::string& text);

class HttpClient {
 public:
  // Throws std::invalid_argument for a URL of another form.
  explicit HttpClient(const HttpPeer& peer);
  ~HttpClient();

  // `path` is below the root and encoded: "/studies?limit=1". Redirections are not followed: credentials and patients
  // would go elsewhere. A body beyond `most` bytes throws DataError(TooLarge); no answer NetworkError.
  HttpAnswer get(const std::string& path, const std::string& accept, std::int64_t most);
  HttpAnswer post(const std::string& path, std::string body, const std::string& content_type, const std::string& accept,
                  std::int64_t most);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ctforge::io
