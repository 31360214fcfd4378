// Listing and checking before the first connection, sending what is left, asking afterwards.
#include "pipeline/network/push.h"

#include "io/file/digest.h"
#include "io/network/dicom_network_find.h"
#include "io/network/dicom_network_store.h"
#include "io/network/dicom_web.h"
#include "pipeline/network/push_ledger.h"
#include "pipeline/observe/log.h"
#include "pipeline/observe/progress.h"
#include "pipeline/prepare/patient_key.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using Objects = std::vector<io::OutgoingObject>;

namespace {

std::vector<fs::path> files_of(const fs::path& from) {
  std::error_code error;
  if (fs::is_regular_file(from, error)) return {from};
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(from, error), end; !error && entry != end; entry.increment(error))
    if (fs::is_regular_file(entry->symlink_status())) files.push_back(entry->path());
  if (error) throw io::DataError(io::Fault::Unreadable, "the folder to be pushed is missing or cannot be read");
  std::sort(files.begin(), files.end());
  return files;
}

Objects objects_of(const fs::path& from) {
  Objects objects;
  std::map<std::string, std::size_t> places;  // by object UID
  std::int64_t others = 0;
  for (const fs::path& file : files_of(from)) {
    const auto identity = io::read_dicom_identity(file);
    if (!identity) {
      ++others;
      continue;
    }
    const auto [known, fresh] = places.emplace(identity->object_uid, objects.size());
    if (fresh)
      objects.push_back({file, *identity});
    else if (io::sha256_file(objects[known->second].file) != io::sha256_file(file))
      throw io::DataError(io::Fault::DuplicateSlice, "two different DICOM files have one SOP instance UID");
  }
  if (objects.empty()) throw io::DataError(io::Fault::NothingUsable, "there are no DICOM files to be pushed");
  if (others > 0) log_info("push: " + std::to_string(others) + " files are no DICOM objects and stay");
  return objects;
}

void require_synthetic(const Objects& objects) {
  const auto real = std::count_if(objects.begin(), objects.end(),
                                  [](const io::OutgoingObject& object) { return !object.identity.synthetic; });
  if (real > 0)
    throw io::DataError(io::Fault::NotSynthetic,
                        std::to_string(real) + " of " + std::to_string(objects.size()) +
                            " objects do not say that they are synthetic (SyntheticData (0008,001C) YES); nothing was "
                            "sent. --allow-real lets real data leave");
}

// One try at what has not arrived; false when the archive was short of something.
bool send_rest(const Archive& archive, const Objects& rest, bool real, PushLedger& ledger, const Context& context,
               PushResult& result) {
  Objects pending;
  for (const io::OutgoingObject& object : rest)
    if (!ledger.arrived(object.identity.object_uid)) pending.push_back(object);
  bool postponed = false;
  const auto tell = [&](std::size_t i, const io::Delivery& delivery) {
    ledger.note(pending[i].identity.object_uid, delivery);
    postponed = postponed || delivery.outcome == io::Delivery::Outcome::Postponed;
    if (ledger.arrived(pending[i].identity.object_uid)) ++result.arrived;
    context.progress(result.before + result.arrived, result.objects, "object");
  };
  try {
    if (archive.web)
      io::store_objects_web(archive.http, pending, real, tell);
    else
      io::store_objects(archive.dicom, pending, real, tell);
  } catch (...) {
    ledger.save();
    throw;
  }
  ledger.save();
  return !postponed;
}

// How many of the objects the archive finds under their series; those that it does not are sent again next time.
std::int64_t find_arrived(const Archive& archive, const Objects& objects, PushLedger& ledger) {
  constexpr std::int64_t most = 1'000'000;  // answers to one question
  std::map<std::string, std::vector<const io::OutgoingObject*>> by_series;
  for (const auto& object : objects) by_series[object.identity.series_uid].push_back(&object);
  std::int64_t found = 0;
  const auto ask_all = [&](const io::AskArchive& ask) {
    found = 0;
    for (const auto& [series, members] : by_series) {
      std::set<std::string> there;
      for (const auto& record : ask(io::QueryLevel::Image, {{"StudyInstanceUID", members[0]->identity.study_uid},
                                                            {"SeriesInstanceUID", series},
                                                            {"SOPInstanceUID", ""}}))
        there.insert(record.at("SOPInstanceUID"));
      for (const io::OutgoingObject* object : members) {
        if (there.contains(object->identity.object_uid))
          ++found;
        else
          ledger.note_missing(object->identity.object_uid);
      }
    }
  };
  if (archive.web)
    io::with_web_archive(archive.http, most, ask_all);
  else
    io::with_archive(archive.dicom, most, ask_all);
  ledger.note_found(found);
  ledger.save();
  return found;
}

}  // namespace

PushResult run_push(const PushConfig& config, const std::string& address, const fs::path& from,
                    const Context& context) {
  const Archive archive = archive_at(address, config, "push", context);
  const Objects objects = objects_of(from);
  if (!config.allow_real) require_synthetic(objects);
  PushLedger ledger(context.out, patient_key({}, context.out), archive.shown);
  PushResult result;
  result.objects = static_cast<std::int64_t>(objects.size());
  result.before = std::count_if(objects.begin(), objects.end(), [&](const io::OutgoingObject& object) {
    return ledger.arrived(object.identity.object_uid);
  });
  const auto start = std::chrono::steady_clock::now();
  if (result.before < result.objects)
    with_retries(config, "push", context,
                 [&] { return send_rest(archive, objects, config.allow_real, ledger, context, result); });
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (config.verify)
    with_retries(config, "push", context, [&] {
      result.found = find_arrived(archive, objects, ledger);
      return true;
    });
  log_info("push: " + std::to_string(result.arrived) + " of " + std::to_string(result.objects) +
           " objects arrived in " + readable_seconds(result.seconds) +
           (result.before > 0 ? ", " + std::to_string(result.before) + " had arrived before" : "") +
           (result.found >= 0 ? "; the archive finds " + std::to_string(result.found) : ""));
  return result;
}

}  // namespace ctforge::pipeline
