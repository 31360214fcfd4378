// The three services against a small server on the loopback, and answers taken apart by hand.
#include "io/network/dicom_web.h"

#include "io/file/atomic_file.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <algorithm>
#include <mutex>
#include <system_error>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

namespace ctforge::io {
namespace {

using nlohmann::json;

json uid_value(const std::string& uid) { return {{"vr", "UI"}, {"Value", {uid}}}; }

// Keeps the objects of one series that it is sent and gives them back; answers in pages of two.
class TestWeb {
 public:
  TestWeb() {
    server_.Post("/studies", [this](const httplib::Request& request, httplib::Response& response) {
      const std::string bytes = first_part({200, request.get_header_value("Content-Type"), request.body});
      const DicomIdentity identity = *dicom_identity_of(bytes);
      if (identity.object_uid == refused) {
        response.status = 409;
        json failed = {{"00081155", uid_value(refused)}, {"00081197", {{"vr", "US"}, {"Value", {0xC000}}}}};
        response.set_content(json{{"00081198", {{"vr", "SQ"}, {"Value", {failed}}}}}.dump(), "application/dicom+json");
        return;
      }
      objects[identity.object_uid] = {identity, bytes};
      response.set_content("{}", "application/dicom+json");
    });
    server_.Get(R"(/studies)", [this](const auto& request, auto& response) { answer(request, response, 0); });
    server_.Get(R"(/studies/[0-9.]+/series)",
                [this](const auto& request, auto& response) { answer(request, response, 1); });
    server_.Get(R"(/studies/[0-9.]+/series/[0-9.]+/instances)",
                [this](const auto& request, auto& response) { answer(request, response, 2); });
    server_.Get(R"(/studies/[0-9.]+/series/[0-9.]+/instances/([0-9.]+))", [this](const httplib::Request& request,
                                                                                 httplib::Response& response) {
      ++fetched;
      const std::string uid = request.matches[1];
      response.set_content("--b\r\nContent-Type: application/dicom\r\n\r\n" + objects.at(uid).second + "\r\n--b--\r\n",
                           "multipart/related; type=\"application/dicom\"; boundary=b");
    });
    server_.set_keep_alive_timeout(1);  // stopping waits for it
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ~TestWeb() {
    server_.stop();
    thread_.join();
  }
  HttpPeer peer() const {
    return {.url = "http://127.0.0.1:" + std::to_string(port_), .silence_s = 2, .exchange_s = 5};
  }

  std::map<std::string, std::pair<DicomIdentity, std::string>> objects;
  std::string refused;
  int fetched = 0;

 private:
  void answer(const httplib::Request& request, httplib::Response& response, int level) {
    json all = json::array();
    for (const auto& [uid, object] : objects) {
      const DicomIdentity& identity = object.first;
      all.push_back({{"0020000D", uid_value(identity.study_uid)},
                     {"0020000E", uid_value(identity.series_uid)},
                     {"00080018", uid_value(uid)},
                     {"00080016", uid_value(identity.sop_class)},
                     {"00080060", {{"vr", "CS"}, {"Value", {"CT"}}}},
                     {"00100020", {{"vr", "LO"}, {"Value", {identity.patient_id}}}}});
      if (level < 2) break;
    }
    const auto offset = static_cast<std::size_t>(std::stoi(request.get_param_value("offset")));
    json page = json::array();
    for (std::size_t i = offset; i < std::min(offset + 2, all.size()); ++i) page.push_back(all[i]);
    response.status = page.empty() ? 204 : 200;
    if (!page.empty()) response.set_content(page.dump(), "application/dicom+json");
  }

  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

std::vector<OutgoingObject> outgoing(const std::vector<std::filesystem::path>& files) {
  std::vector<OutgoingObject> objects;
  for (const auto& file : files) objects.push_back({file, *read_dicom_identity(file)});
  return objects;
}

TEST(DicomWeb, ThereAndBack) {
  test::TemporaryFolder from, to;
  TestWeb web;
  const auto objects = outgoing(test::write_objects(from.path(), 5));
  int arrived = 0;
  store_objects_web(web.peer(), objects, false, [&](std::size_t, const Delivery& delivery) {
    arrived += delivery.outcome == Delivery::Outcome::Arrived ? 1 : 0;
  });
  EXPECT_EQ(arrived, 5);
  std::vector<FoundSeries> found;
  with_web_archive(web.peer(), 100, [&](const AskArchive& ask) { found = find_series(ask, {}, 100); });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].objects.size(), 5U);
  DicomInbox inbox(to.path(), "key", {100, 1 << 20, 1 << 20});
  EXPECT_EQ(get_objects_web(web.peer(), found, inbox, [](std::int64_t) {}).received, 5);
  for (const auto& object : objects)
    EXPECT_EQ(read_whole_file(inbox.place(found[0], {object.identity.object_uid, ""})), read_whole_file(object.file));
  EXPECT_EQ(get_objects_web(web.peer(), found, inbox, [](std::int64_t) {}).received, 0);
  EXPECT_EQ(web.fetched, 5);
}

TEST(DicomWeb, ARefusedObjectCostsOnlyItself) {
  test::TemporaryFolder from;
  TestWeb web;
  const auto objects = outgoing(test::write_objects(from.path(), 3));
  web.refused = objects[1].identity.object_uid;
  std::vector<std::string> told;
  store_objects_web(web.peer(), objects, false,
                    [&](std::size_t, const Delivery& delivery) { told.push_back(delivery.status); });
  EXPECT_EQ(told, (std::vector<std::string>{"HTTP 200", "0xC000", "HTTP 200"}));
}

TEST(DicomWeb, RealDataStay) {
  test::TemporaryFolder from;
  TestWeb web;
  const auto objects = outgoing(test::write_sample_series(from.path(), 1));
  EXPECT_THROW(store_objects_web(web.peer(), objects, false, [](std::size_t, const Delivery&) {}), DataError);
  EXPECT_TRUE(web.objects.empty());
}

TEST(DicomWeb, AnObjectBeyondTheLimitEndsIt) {
  test::TemporaryFolder from, to;
  TestWeb web;
  store_objects_web(web.peer(), outgoing(test::write_objects(from.path(), 1)), false,
                    [](std::size_t, const Delivery&) {});
  web.objects.begin()->second.second += std::string(1 << 17, 'x');
  std::vector<FoundSeries> found;
  with_web_archive(web.peer(), 100, [&](const AskArchive& ask) { found = find_series(ask, {}, 100); });
  DicomInbox inbox(to.path(), "key", {100, 1 << 20, 1000});
  EXPECT_THROW(get_objects_web(web.peer(), found, inbox, [](std::int64_t) {}), DataError);
}

class DicomWebGet : public testing::Test {
 protected:
  void SetUp() override {
    store_objects_web(web_.peer(), outgoing(test::write_objects(from_.path(), 3)), false,
                      [](std::size_t, const Delivery&) {});
    with_web_archive(web_.peer(), 100, [this](const AskArchive& ask) { found_ = find_series(ask, {}, 100); });
  }
  Retrieval get() {
    return get_objects_web(web_.peer(), found_, inbox_, [](std::int64_t) {});
  }

  test::TemporaryFolder from_, to_;
  TestWeb web_;
  std::vector<FoundSeries> found_;
  DicomInbox inbox_{to_.path(), "key", {100, 1 << 20, 1 << 20}};
};

TEST_F(DicomWebGet, AFullDiskIsToldAndTheRestIsFetchedLater) {
  std::size_t smallest = 1 << 20;
  for (const auto& [uid, object] : web_.objects) smallest = std::min(smallest, object.second.size());
  {
    const test::FileSizeLimit limit(smallest - 10);  // ends within the pixels, which are the last
    EXPECT_THROW(get(), std::system_error);
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(to_.path()))
    EXPECT_FALSE(entry.is_regular_file()) << entry.path();
  EXPECT_EQ(get().received, 3);
}

TEST_F(DicomWebGet, AnObjectThatEndsEarlyIsRefusedAndFetchedAgain) {
  std::string& bytes = web_.objects.begin()->second.second;
  const std::string whole = bytes;
  bytes.resize(bytes.size() - 10);
  const Retrieval retrieval = get();
  EXPECT_EQ(retrieval.received, 2);
  EXPECT_EQ(retrieval.refused, 1);
  bytes = whole;
  EXPECT_EQ(get().received, 1);
}

TEST(DicomWeb, AnswersOfStowMeanWhatTheySay) {
  using Outcome = Delivery::Outcome;
  EXPECT_EQ(delivery_of_answer({200, "", "{}"}, "1.2").outcome, Outcome::Arrived);
  EXPECT_EQ(delivery_of_answer({200, "", "no json"}, "1.2").outcome, Outcome::Arrived);
  EXPECT_EQ(delivery_of_answer({503, "", ""}, "1.2").outcome, Outcome::Postponed);
  EXPECT_EQ(delivery_of_answer({415, "", ""}, "1.2").outcome, Outcome::Refused);
  const std::string duplicate = R"({"00081198": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2"]},)"
                                R"( "00081197": {"vr": "US", "Value": [273]}}]}})";
  EXPECT_EQ(delivery_of_answer({409, "", duplicate}, "1.2").outcome, Outcome::Known);
  EXPECT_EQ(delivery_of_answer({202, "", duplicate}, "1.3").outcome, Outcome::Arrived);  // another's failure
  EXPECT_THROW(delivery_of_answer({401, "", ""}, "1.2"), NetworkError);
  EXPECT_THROW(delivery_of_answer({500, "", ""}, "1.2"), NetworkError);
}

TEST(DicomWeb, PartsAreTakenWhole) {
  const std::string type = "multipart/related; boundary=\"x y\"; type=\"application/dicom\"";
  EXPECT_EQ(first_part({200, type, "--x y\r\nA: b\r\n\r\nbytes\r\n\r\n--x y--"}), "bytes\r\n");
  EXPECT_THROW(first_part({200, type, "--x y\r\nA: b\r\n\r\nbytes"}), NetworkError);
  EXPECT_THROW(first_part({200, "application/dicom", "bytes"}), NetworkError);
}

}  // namespace
}  // namespace ctforge::io
