// What has arrived where: a file for each archive that objects were pushed to, so that a rerun sends only the rest.
#pragma once

#include "io/network/dicom_network_store.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace ctforge::pipeline {

// OUT/push/<hash of the archive>.json. Objects are known by keyed hashes of their SOP instance UIDs:
//   {"schema": 1, "archive": "host:port AETITLE", "found": 3,
//    "objects": {"<32 hexadecimal digits>": {"outcome": "arrived", "status": "0x0000"}, ...}}
class PushLedger {
 public:
  // Reads what an earlier push to the archive left. Throws io::DataError for a file that is no ledger.
  PushLedger(const std::filesystem::path& out, std::string key, std::string archive);

  bool arrived(const std::string& object_uid) const;  // or was there before
  // Written to disk at most once a second, atomically: what is lost with the process is sent again.
  void note(const std::string& object_uid, const io::Delivery& delivery);
  // The archive does not have it after all.
  void note_missing(const std::string& object_uid);
  // How many of the objects pushed the archive was asked for, and has.
  void note_found(std::int64_t found) { found_ = found; }
  void save();
  const std::filesystem::path& file() const { return file_; }

 private:
  struct Entry {
    std::string outcome, status;
  };
  std::string name(const std::string& object_uid) const;
  std::filesystem::path file_;
  std::string key_, archive_;
  std::map<std::string, Entry> objects_;
  std::int64_t found_ = -1;  // not asked
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

}  // namespace ctforge::pipeline
