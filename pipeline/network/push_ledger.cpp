// The ledger as JSON.
#include "pipeline/network/push_ledger.h"

#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/fault.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

constexpr int kLedgerSchema = 1;

const char* outcome_name(io::Delivery::Outcome outcome) {
  switch (outcome) {
    case io::Delivery::Outcome::Arrived:
      return "arrived";
    case io::Delivery::Outcome::Known:
      return "known";
    case io::Delivery::Outcome::Postponed:
      return "postponed";
    case io::Delivery::Outcome::Refused:
      return "refused";
  }
  throw std::invalid_argument("an outcome without a name");
}

}  // namespace

PushLedger::PushLedger(const std::filesystem::path& out, std::string key, std::string archive)
    : key_(std::move(key)), archive_(std::move(archive)) {
  file_ = out / "push" / (io::hmac_sha256_hex(key_, "archive\n" + archive_).substr(0, 16) + ".json");
  if (!std::filesystem::exists(file_)) return;
  try {
    const auto json = ordered_json::parse(io::read_whole_file(file_));
    if (json.at("schema").get<int>() > kLedgerSchema)
      throw io::DataError(io::Fault::UnsupportedFormat, "the ledger of this archive was written by a later ctforge");
    for (const auto& [object, entry] : json.at("objects").items())
      objects_[object] = {entry.at("outcome").get<std::string>(), entry.at("status").get<std::string>()};
  } catch (const ordered_json::exception&) {
    throw io::DataError(io::Fault::InvalidHeader,
                        "the ledger of this archive in the folder push cannot be read: without it all is sent again");
  }
}

std::string PushLedger::name(const std::string& object_uid) const {
  return io::hmac_sha256_hex(key_, "object\n" + object_uid).substr(0, 32);
}

bool PushLedger::arrived(const std::string& object_uid) const {
  const auto entry = objects_.find(name(object_uid));
  return entry != objects_.end() && (entry->second.outcome == "arrived" || entry->second.outcome == "known");
}

void PushLedger::note(const std::string& object_uid, const io::Delivery& delivery) {
  objects_[name(object_uid)] = {outcome_name(delivery.outcome), delivery.status};
  if (std::chrono::steady_clock::now() - saved_ > std::chrono::seconds(1)) save();
}

void PushLedger::note_missing(const std::string& object_uid) {
  objects_[name(object_uid)] = {"missing", "not found by the archive"};
}

void PushLedger::save() {
  ordered_json json = {{"schema", kLedgerSchema}, {"archive", archive_}};
  if (found_ >= 0) json["found"] = found_;
  json["objects"] = ordered_json::object();
  for (const auto& [object, entry] : objects_)
    json["objects"][object] = {{"outcome", entry.outcome}, {"status", entry.status}};
  io::write_atomically(file_, json.dump(1) + "\n");
  saved_ = std::chrono::steady_clock::now();
}

}  // namespace ctforge::pipeline
