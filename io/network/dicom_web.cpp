// Requests and answers of the three services; DICOM JSON as PS3.18 annex F has it.
#include "io/network/dicom_web.h"

#include "io/file/atomic_file.h"
#include "io/file/digest.h"

#include <cstdio>
#include <set>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace ctforge::io {

namespace {

using nlohmann::json;

constexpr const char* kJson = "application/dicom+json";
constexpr std::int64_t kMostAnswerBytes = 64 << 20;  // of JSON
constexpr std::int64_t kMostReportBytes = 1 << 20;   // of what became of one object

// Statuses that say something of the service, whatever was asked.
void require_service(int status) {
  const std::string code = ": HTTP status " + std::to_string(status);
  if (status == 401 || status == 403)
    throw NetworkError(Fault::RefusedByPeer, "the server wants other credentials" + code, false);
  if (status >= 300 && status < 400)
    throw NetworkError(Fault::RefusedByPeer, "the server says that the service is elsewhere" + code, false);
  if (status == 404 || status == 405)
    throw NetworkError(Fault::RefusedByPeer, "the server does not have what was asked for there" + code, false);
  if (status >= 500 && status != 503) throw NetworkError(Fault::Unreachable, "the server failed" + code, true);
}

std::string tag_text(const QueryAttribute& attribute) {
  char text[12];
  std::snprintf(text, sizeof text, "%04X%04X", attribute.group, attribute.element);
  return text;
}

// The first value of an attribute as text; empty when there is none.
std::string first_value(const json& record, const std::string& tag) {
  const auto element = record.find(tag);
  if (element == record.end() || !element->is_object() || !element->contains("Value")) return {};
  const json& values = (*element)["Value"];
  if (!values.is_array() || values.empty()) return {};
  return values[0].is_string() ? values[0].get<std::string>() : values[0].is_number() ? values[0].dump() : "";
}

std::string resource(QueryLevel level, const QueryRecord& keys) {
  std::string path = "/studies";
  if (level != QueryLevel::Study) path += "/" + url_encoded(keys.at("StudyInstanceUID")) + "/series";
  if (level == QueryLevel::Image) path += "/" + url_encoded(keys.at("SeriesInstanceUID")) + "/instances";
  return path;
}

std::string query_of(QueryLevel level, const QueryRecord& keys) {
  std::string query;
  for (const auto& [keyword, value] : keys) {
    const bool in_path = (level != QueryLevel::Study && keyword == "StudyInstanceUID") ||
                         (level == QueryLevel::Image && keyword == "SeriesInstanceUID");
    if (in_path) continue;
    query += value.empty() ? "&includefield=" + keyword : "&" + keyword + "=" + url_encoded(value);
    if (!value.empty()) query += "&includefield=" + keyword;
  }
  return query;
}

std::vector<json> page_of(HttpClient& client, const std::string& path) {
  const HttpAnswer answer = client.get(path, kJson, kMostAnswerBytes);
  if (answer.status == 204) return {};
  require_service(answer.status);
  if (answer.status != 200)
    throw NetworkError(Fault::RefusedByPeer,
                       "the server does not answer the query: HTTP status " + std::to_string(answer.status),
                       answer.status == 503 || answer.status == 429);
  const json records = json::parse(answer.body, nullptr, false);
  if (!records.is_array())
    throw NetworkError(Fault::RefusedByPeer, "the server answers a query with something else than DICOM JSON", false);
  return records.get<std::vector<json>>();
}

std::vector<QueryRecord> ask_web(HttpClient& client, QueryLevel level, const QueryRecord& keys, std::int64_t most) {
  constexpr int page = 500;
  std::vector<QueryRecord> all;
  std::set<QueryRecord> told;
  // Servers may give fewer than asked for, or heed no offset: the end is a page with nothing new.
  for (std::size_t offset = 0;;) {
    const auto records = page_of(client, resource(level, keys) + "?limit=" + std::to_string(page) +
                                             "&offset=" + std::to_string(offset) + query_of(level, keys));
    bool any_new = false;
    for (const json& record : records) {
      QueryRecord one;
      for (const auto& [keyword, asked] : keys)
        one[keyword] = kept_value(first_value(record, tag_text(query_attribute(keyword))));
      if (!told.insert(one).second) continue;
      any_new = true;
      all.push_back(std::move(one));
    }
    if (static_cast<std::int64_t>(all.size()) > most)
      throw DataError(Fault::TooLarge, "the server's answer has more than " + std::to_string(most) +
                                           " records, the limit: narrow the query or raise the limit");
    if (!any_new) return all;
    offset += records.size();
  }
}

// The whole file, as it is now: it may have been replaced since it was looked at.
std::string bytes_to_send(const OutgoingObject& object, bool real) {
  std::string bytes = read_whole_file(object.file);
  const std::optional<DicomIdentity> now = dicom_identity_of(bytes);
  if (!now || now->object_uid != object.identity.object_uid)
    throw DataError(Fault::MalformedDicom, "a file has changed since it was looked at");
  if (!real && !now->synthetic)
    throw DataError(Fault::NotSynthetic, "a file no longer says that it is synthetic: it was not sent");
  return bytes;
}

}  // namespace

Delivery delivery_of_answer(const HttpAnswer& answer, const std::string& object_uid) {
  const std::string status = "HTTP " + std::to_string(answer.status);
  if (answer.status == 429 || answer.status == 503) return {Delivery::Outcome::Postponed, status};
  require_service(answer.status);
  const json report = json::parse(answer.body, nullptr, false);
  if (report.is_object() && report.contains("00081198") && report["00081198"].is_object())
    for (const json& failed : report["00081198"].value("Value", json::array())) {
      const std::string uid = first_value(failed, "00081155"), reason = first_value(failed, "00081197");
      if (!uid.empty() && uid != object_uid) continue;
      const bool number = !reason.empty() && reason.find_first_not_of("0123456789") == std::string::npos;
      if (number && reason.size() <= 5) {
        const auto code = static_cast<std::uint16_t>(std::stoul(reason));
        char text[12];
        std::snprintf(text, sizeof text, "0x%04X", code);
        return {code == 0 ? Delivery::Outcome::Refused : outcome_of_status(code), text};
      }
      return {Delivery::Outcome::Refused, status};
    }
  return {answer.status == 200 || answer.status == 202 ? Delivery::Outcome::Arrived : Delivery::Outcome::Refused,
          status};
}

void store_objects_web(const HttpPeer& peer, const std::vector<OutgoingObject>& objects, bool real,
                       const std::function<void(std::size_t object, const Delivery& delivery)>& tell) {
  HttpClient client(peer);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (peer.interrupted()) return;
    const std::string bytes = bytes_to_send(objects[i], real);
    const std::string boundary = "ctforge-" + sha256_hex(bytes);  // in no file: it would have to hold its own hash
    std::string body =
        "--" + boundary + "\r\nContent-Type: application/dicom\r\n\r\n" + bytes + "\r\n--" + boundary + "--\r\n";
    const HttpAnswer answer =
        client.post("/studies", std::move(body), "multipart/related; type=\"application/dicom\"; boundary=" + boundary,
                    kJson, kMostReportBytes);
    tell(i, delivery_of_answer(answer, objects[i].identity.object_uid));
  }
}

void with_web_archive(const HttpPeer& peer, std::int64_t most, const std::function<void(const AskArchive& ask)>& use) {
  HttpClient client(peer);
  use([&](QueryLevel level, const QueryRecord& keys) { return ask_web(client, level, keys, most); });
}

std::string first_part(const HttpAnswer& answer) {
  const auto broken = [] {
    return NetworkError(Fault::Unreachable, "the server sends an object in no form that WADO-RS has", true);
  };
  const std::size_t named = answer.content_type.find("boundary=");
  if (!answer.content_type.starts_with("multipart/related") || named == std::string::npos) throw broken();
  std::string boundary = answer.content_type.substr(named + 9);
  if (boundary.starts_with('"'))
    boundary = boundary.substr(1, boundary.find('"', 1) - 1);
  else
    boundary = boundary.substr(0, boundary.find(';'));
  const std::size_t start = answer.body.find("--" + boundary);
  const std::size_t head = start == std::string::npos ? start : answer.body.find("\r\n\r\n", start);
  if (boundary.empty() || head == std::string::npos) throw broken();
  const std::size_t end = answer.body.find("\r\n--" + boundary, head + 2);
  if (end == std::string::npos) throw broken();
  return end < head + 4 ? std::string() : answer.body.substr(head + 4, end - head - 4);
}

Retrieval get_objects_web(const HttpPeer& peer, const std::vector<FoundSeries>& wanted, DicomInbox& inbox,
                          const RetrievalProgress& progress) {
  constexpr std::int64_t frame = 64 << 10;  // of the multipart message around the object
  HttpClient client(peer);
  Retrieval retrieval;
  for (const FoundSeries& series : wanted)
    for (const FoundObject& object : series.objects) {
      if (inbox.holds(series, object)) continue;
      if (peer.interrupted()) return retrieval;
      const HttpAnswer answer =
          client.get("/studies/" + url_encoded(series.study_uid) + "/series/" + url_encoded(series.series_uid) +
                         "/instances/" + url_encoded(object.object_uid),
                     "multipart/related; type=\"application/dicom\"; transfer-syntax=*", inbox.room() + frame);
      if (answer.status == 404 || answer.status == 410) continue;  // gone since it was found
      require_service(answer.status);
      if (answer.status != 200)
        throw NetworkError(Fault::RefusedByPeer,
                           "the server does not send an object: HTTP status " + std::to_string(answer.status),
                           answer.status == 503 || answer.status == 429);
      try {
        const std::string bytes = first_part(answer);
        inbox.take(series, object, [&](const std::filesystem::path& part) {
          InboxFile file(part);
          file.write(bytes);
          file.close();
        });
        ++retrieval.received;
      } catch (const DataError& error) {
        if (!is_of_one_object(error)) throw;
        ++retrieval.refused;
      }
      progress(retrieval.received);
    }
  return retrieval;
}

}  // namespace ctforge::io
