// The question, the retrieval in one of three ways, and the figures.
#include "pipeline/network/pull.h"

#include "io/file/atomic_file.h"
#include "io/network/dicom_inbox.h"
#include "io/network/dicom_network_find.h"
#include "io/network/dicom_network_move.h"
#include "io/network/dicom_web.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/observe/log.h"
#include "pipeline/observe/progress.h"
#include "pipeline/prepare/patient_key.h"

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr int kPullSchema = 1;  // of pull.json

// Files that name patients are made for their owner alone.
class OwnersAlone {
 public:
  OwnersAlone() : before_(::umask(S_IRWXG | S_IRWXO)) {}
  ~OwnersAlone() { ::umask(before_); }
  OwnersAlone(const OwnersAlone&) = delete;
  OwnersAlone& operator=(const OwnersAlone&) = delete;

 private:
  mode_t before_;
};

bool is_uid(const std::string& text) {
  return !text.empty() && text.size() <= 64 && text.find_first_not_of("0123456789.") == std::string::npos;
}

std::vector<std::string> read_patients(const std::string& file, std::vector<ConfigProblem>& problems) {
  std::vector<std::string> patients;
  const auto wrong = [&](const std::string& message) {
    problems.push_back({"configuration", "pull.patients_file", message});
  };
  try {
    std::istringstream lines(io::read_whole_file(file));
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
      if (line.empty()) continue;
      if (line.size() > 64 || line.find_first_of("*?\\") != std::string::npos)
        wrong("line " + std::to_string(number) + " is no PatientID: up to 64 characters without * ? and backslash");
      patients.push_back(line);
    }
    if (patients.empty()) wrong("the file holds no PatientID");
  } catch (const io::DataError&) {
    wrong("the file cannot be read");
  }
  return patients;
}

// Values are not repeated in messages: they may identify somebody.
io::DicomQuery query_of(const PullConfig& config, bool web) {
  static const std::regex dates(R"((\d{8})|(\d{8}-\d{8})|(\d{8}-)|(-\d{8}))");
  std::vector<ConfigProblem> problems;
  const auto refuse_if = [&](bool wrong, const char* key, const std::string& message) {
    if (wrong) problems.push_back({"configuration", std::string("pull.") + key, message});
  };
  refuse_if(!config.dates.empty() && !std::regex_match(config.dates, dates), "dates",
            "expected YYYYMMDD, YYYYMMDD-YYYYMMDD, YYYYMMDD- or -YYYYMMDD");
  refuse_if(config.body_part.size() > 16 || config.body_part.find_first_of("*?\\") != std::string::npos, "body_part",
            "expected up to 16 characters without * ? and backslash");
  refuse_if(!std::all_of(config.studies.begin(), config.studies.end(), is_uid), "studies", "expected UIDs");
  refuse_if(!std::all_of(config.series.begin(), config.series.end(), is_uid), "series", "expected UIDs");
  refuse_if(web && config.method == "move", "method", "move is for HOST:PORT");
  const bool moves = !web && config.method == "move";
  const PullConfig defaults;
  refuse_if(!moves && config.listen_address != defaults.listen_address, "listen_address", "is for pull.method move");
  refuse_if(!moves && config.listen_port != defaults.listen_port, "listen_port", "is for pull.method move");
  refuse_if(moves && config.tls.enabled && config.tls.certificate.empty(), "tls.certificate",
            "is needed where the archive sends to us over TLS");
  io::DicomQuery query = {config.dates, config.body_part, {}, config.studies, config.series, config.labels};
  if (!config.patients_file.empty()) query.patients = read_patients(config.patients_file, problems);
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return query;
}

std::vector<io::FoundSeries> find(const Archive& archive, const io::DicomQuery& query, std::int64_t most) {
  std::vector<io::FoundSeries> found;
  const auto use = [&](const io::AskArchive& ask) { found = io::find_series(ask, query, most); };
  if (archive.web)
    io::with_web_archive(archive.http, most, use);
  else
    io::with_archive(archive.dicom, most, use);
  return found;
}

std::int64_t held(const std::vector<io::FoundSeries>& found, const io::DicomInbox& inbox) {
  std::int64_t count = 0;
  for (const io::FoundSeries& series : found)
    count += std::count_if(series.objects.begin(), series.objects.end(),
                           [&](const io::FoundObject& object) { return inbox.holds(series, object); });
  return count;
}

io::Retrieval fetch(const PullConfig& config, const Archive& archive, const std::vector<io::FoundSeries>& found,
                    io::DicomInbox& inbox, const io::RetrievalProgress& progress) {
  if (archive.web) return io::get_objects_web(archive.http, found, inbox, progress);
  if (config.method == "get") return io::get_objects(archive.dicom, found, inbox, progress);
  return io::move_objects(archive.dicom, {config.listen_address, static_cast<int>(config.listen_port)}, found, inbox,
                          progress);
}

void write_summary(const PullResult& result, const io::DicomInbox& inbox, const std::vector<io::FoundSeries>& found,
                   const fs::path& out) {
  std::set<std::string> patients;
  for (const io::FoundSeries& series : found) patients.insert(series.patient_id);
  const nlohmann::ordered_json json = {
      {"schema", kPullSchema},     {"patients", patients.size()}, {"series", result.series},
      {"objects", result.objects}, {"before", result.before},     {"received", result.received},
      {"refused", result.refused}, {"lacking", result.lacking()}, {"received_bytes", inbox.bytes()}};
  io::write_atomically(out / "pull.json", json.dump(1) + "\n");
}

}  // namespace

PullResult run_pull(const PullConfig& config, const std::string& address, const Context& context) {
  const Archive archive = archive_at(address, config, "pull", context);
  const io::DicomQuery query = query_of(config, archive.web);
  const OwnersAlone owners_alone;
  io::DicomInbox inbox(context.out, patient_key(config.key_file, context.out),
                       {config.most_objects, static_cast<std::int64_t>(config.most_gb * 1e9),
                        static_cast<std::int64_t>(config.most_object_mb * 1e6)});
  std::vector<io::FoundSeries> found;
  with_retries(config, "pull", context, [&] {
    found = find(archive, query, config.most_objects);
    return true;
  });
  PullResult result;
  result.series = static_cast<std::int64_t>(found.size());
  for (const io::FoundSeries& series : found) result.objects += static_cast<std::int64_t>(series.objects.size());
  if (result.objects == 0) throw io::DataError(io::Fault::NothingUsable, "the archive has no CT that the query finds");
  result.before = held(found, inbox);
  const auto finish = [&] {
    result.received = held(found, inbox) - result.before;
    write_summary(result, inbox, found, context.out);
  };
  try {
    with_retries(config, "pull", context, [&] {
      const auto progress = [&](std::int64_t) {
        context.progress(result.before + inbox.objects(), result.objects, "object");
      };
      if (held(found, inbox) < result.objects) result.refused += fetch(config, archive, found, inbox, progress).refused;
      return true;
    });
  } catch (...) {
    finish();
    throw;
  }
  finish();
  log_info("pull: " + std::to_string(result.received) + " of " + std::to_string(result.objects) + " objects of " +
           std::to_string(result.series) + " series fetched, " + readable_bytes(static_cast<double>(inbox.bytes())) +
           (result.before > 0 ? ", " + std::to_string(result.before) + " were there before" : ""));
  return result;
}

}  // namespace ctforge::pipeline
