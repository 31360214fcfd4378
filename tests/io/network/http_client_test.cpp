// Requests to a server of cpp-httplib on the loopback: limits, silence, TLS.
#include "io/network/http_client.h"

#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <chrono>
#include <stdexcept>

#include <gtest/gtest.h>
#include <httplib.h>

namespace ctforge::io {
namespace {

// Serves on a port of its own as long as it lives.
template <class Server>
struct Serving {
  template <class... Arguments>
  explicit Serving(Arguments&&... arguments) : server(std::forward<Arguments>(arguments)...) {
    server.Get("/root/hello", [](const httplib::Request& request, httplib::Response& response) {
      response.set_content("hello " + request.get_header_value("Accept") + request.get_header_value("Authorization"),
                           "text/x");
    });
    server.Get("/root/moved",
               [](const httplib::Request&, httplib::Response& response) { response.set_redirect("/root/hello"); });
    server.Get("/root/large", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(std::string(5000, 'x'), "text/x");
    });
    server.Post("/root/echo", [](const httplib::Request& request, httplib::Response& response) {
      response.status = 202;
      response.set_content(request.body, request.get_header_value("Content-Type"));
    });
    server.Post("/root/who", [](const httplib::Request& request, httplib::Response& response) {
      response.set_content(request.get_header_value("Authorization"), "text/x");
    });
    server.set_keep_alive_timeout(1);  // stopping waits for it
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread([this] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ~Serving() {
    server.stop();
    thread.join();
  }
  Server server;
  int port = 0;
  std::thread thread;
};

HttpPeer at(int port, const std::string& scheme = "http") {
  return {.url = scheme + "://127.0.0.1:" + std::to_string(port) + "/root/", .silence_s = 2, .exchange_s = 5};
}

TEST(HttpClient, GetsAndPosts) {
  const Serving<httplib::Server> serving;
  HttpPeer peer = at(serving.port);
  peer.token = "secret";
  HttpClient client(peer);
  const HttpAnswer got = client.get("/hello", "text/x ", 100);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.content_type, "text/x");
  EXPECT_EQ(got.body, "hello text/xBearer secret");
  const HttpAnswer posted = client.post("/echo", std::string("a\0b", 3), "x/y", "*/*", 100);
  EXPECT_EQ(posted.status, 202);
  EXPECT_EQ(posted.content_type, "x/y");
  EXPECT_EQ(posted.body, std::string("a\0b", 3));
  EXPECT_EQ(client.post("/who", "a", "x/y", "*/*", 100).body, "Bearer secret");
  EXPECT_EQ(client.get("/none", "*/*", 100).status, 404);
  EXPECT_EQ(client.post("/none", "a", "x/y", "*/*", 100).status, 404);
}

TEST(HttpClient, RedirectionsAreNotFollowed) {
  const Serving<httplib::Server> serving;
  EXPECT_EQ(HttpClient(at(serving.port)).get("/moved", "*/*", 100).status, 302);
}

TEST(HttpClient, ALargeBodyIsCutOff) {
  const Serving<httplib::Server> serving;
  HttpClient client(at(serving.port));
  EXPECT_EQ(client.get("/large", "*/*", 5000).body.size(), 5000U);
  try {
    client.get("/large", "*/*", 4999);
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::TooLarge);
  }
}

TEST(HttpClient, ALargeAnswerToAPostIsCutOff) {
  const Serving<httplib::Server> serving;
  HttpClient client(at(serving.port));
  const std::string body(5000, 'x');
  EXPECT_EQ(client.post("/echo", body, "x/y", "*/*", 5000).body, body);
  try {
    client.post("/echo", body, "x/y", "*/*", 4999);
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::TooLarge);
  }
}

TEST(HttpClient, SilenceEnds) {
  const test::SilentPort silent;
  for (const auto& [silence, exchange] : {std::pair(1, 20), std::pair(20, 1)}) {
    HttpPeer peer = at(silent.port());
    peer.silence_s = silence;
    peer.exchange_s = exchange;
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THROW(HttpClient(peer).get("/hello", "*/*", 100), NetworkError);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
  }
}

TEST(HttpClient, CertificatesAreChecked) {
  test::TemporaryFolder folder;
  test::make_certificates(folder.path());
  const Serving<httplib::SSLServer> serving((folder / "server.pem").c_str(), (folder / "server.key").c_str());
  HttpPeer peer = at(serving.port, "https");
  peer.tls.authorities = folder / "authority.pem";
  EXPECT_EQ(HttpClient(peer).get("/hello", "*/*", 100).status, 200);
  peer.tls.authorities = folder / "stranger.pem";
  try {
    HttpClient(peer).get("/hello", "*/*", 100);
    FAIL() << "no error";
  } catch (const NetworkError& error) {
    EXPECT_FALSE(error.passing());
  }
}

TEST(HttpClient, UrlsHaveOneForm) {
  for (const char* good : {"http://a", "https://a.b-c:8042", "https://a/dicom-web", "http://1.2.3.4:80/x/y/"})
    EXPECT_TRUE(is_http_url(good)) << good;
  for (const char* bad :
       {"", "a:80", "ftp://a", "http://", "http://user:pw@a", "http://a/?q", "http://a/#f", "http://a b"})
    EXPECT_FALSE(is_http_url(bad)) << bad;
  EXPECT_THROW(HttpClient(HttpPeer{.url = "a:80"}), std::invalid_argument);
  EXPECT_EQ(url_encoded("A-1.2_~/ \xc3\xa9"), "A-1.2_~%2F%20%C3%A9");
}

}  // namespace
}  // namespace ctforge::io
