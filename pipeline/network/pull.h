// The pull command: finds CT in an archive and fetches it into a folder whose names tell nobody anything.
#pragma once

#include "pipeline/network/network_options.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Section `pull`.
struct PullConfig : NetworkConfig {
  std::string dates;
  std::string body_part;
  std::string patients_file;
  std::vector<std::string> studies;
  std::vector<std::string> series;
  bool labels = false;
  std::string method = "get";
  std::string listen_address = "127.0.0.1";
  std::int64_t listen_port = 11112;
  std::string key_file;
  std::int64_t most_objects = 100'000;
  double most_gb = 100;
  double most_object_mb = 2048;

  template <class Visitor>
  void fields(Visitor& visit) {
    NetworkConfig::fields(visit);
    visit("dates", dates, "of the studies: YYYYMMDD, or a range YYYYMMDD-YYYYMMDD of which either end may be left out");
    visit("body_part", body_part, "BodyPartExamined, as CHEST");
    visit("patients_file", patients_file, "file of PatientIDs, one a line");
    visit("studies", studies, "StudyInstanceUIDs");
    visit("series", series, "SeriesInstanceUIDs");
    visit("labels", labels,
          "fetch the segmentations (SEG) and structure sets (RTSTRUCT) of the same studies, too, for "
          "prepare.structures");
    visit("method", method, "HOST:PORT: C-GET, or C-MOVE to ourselves, for archives without C-GET",
          OneOf{{"get", "move"}});
    visit("listen_address", listen_address, "method move: address of this machine that the archive sends to");
    visit("listen_port", listen_port, "method move: port there, open as long as objects are moved", Range{1, 65535});
    visit("key_file", key_file, "key of the folder's names; empty: patient.key in the folder");
    visit("most_objects", most_objects, "objects that are found and fetched at most", Range{1, 1e8});
    visit("most_gb", most_gb, "gigabytes that are fetched at most", Range{0.001, 1e6});
    visit("most_object_mb", most_object_mb, "megabytes of one object at most", Range{0.001, 1e5});
  }
};

struct PullResult {
  std::int64_t series = 0, objects = 0;  // found
  std::int64_t before = 0;               // of the objects, in the folder already
  std::int64_t received = 0;
  std::int64_t refused = 0;  // that came but were not what was announced, not whole, or no CT
  std::int64_t lacking() const { return objects - before - received; }
};

// Fetches into context.out: P-<patient>/S-<series>/<object>.dcm by keyed hash, as the archive sends them, and
// pull.json with the figures; for their owner's eyes alone. What is there already is not fetched again. Throws
// ConfigError, io::DataError (NothingUsable when nothing is found, TooLarge at the limits), io::NetworkError when the
// tries are used up, Interrupted.
PullResult run_pull(const PullConfig& config, const std::string& archive, const Context& context);

}  // namespace ctforge::pipeline
