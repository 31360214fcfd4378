// Names by keyed hash, checks by header.
#include "io/network/dicom_inbox.h"

#include "io/dicom/dicom_identity.h"
#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/fault.h"

#include <algorithm>
#include <utility>

namespace ctforge::io {

namespace fs = std::filesystem;

namespace {

void check(const fs::path& file, const FoundSeries& series, const FoundObject& object) {
  const std::optional<DicomIdentity> identity = read_dicom_identity(file);
  if (!identity) throw DataError(Fault::NotAsAnnounced, "what the archive sent is no DICOM object");
  const bool same = identity->object_uid == object.object_uid && identity->series_uid == series.series_uid &&
                    identity->study_uid == series.study_uid && identity->patient_id == series.patient_id &&
                    (object.sop_class.empty() || identity->sop_class == object.sop_class);
  if (!same) throw DataError(Fault::NotAsAnnounced, "the archive sent another object than it announced");
  if (identity->modality != series.modality || !is_wanted_storage(series.modality, identity->sop_class))
    throw DataError(Fault::NotAsAnnounced,
                    "the archive sent an object that is no CT image, segmentation or structure "
                    "set, as its series was announced");
}

}  // namespace

DicomInbox::DicomInbox(fs::path folder, std::string key, InboxLimits limits)
    : folder_(std::move(folder)), key_(std::move(key)), limits_(limits) {}

std::string DicomInbox::name(const char* kind, const std::string& identifier, std::size_t digits) const {
  return hmac_sha256_hex(key_, std::string(kind) + "\n" + identifier).substr(0, digits);
}

fs::path DicomInbox::place(const FoundSeries& series, const FoundObject& object) const {
  return folder_ / ("P-" + name("patient", series.patient_id, 16)) / ("S-" + name("series", series.series_uid, 16)) /
         (name("object", object.object_uid, 32) + ".dcm");
}

bool DicomInbox::holds(const FoundSeries& series, const FoundObject& object) const {
  return fs::is_regular_file(place(series, object));
}

std::int64_t DicomInbox::room() const {
  const std::int64_t room = std::min(limits_.object_bytes, limits_.bytes - bytes_);
  if (objects_ >= limits_.objects || room <= 0)
    throw DataError(Fault::TooLarge, "the limit of objects or bytes to be taken in is reached");
  return room;
}

void DicomInbox::take(const FoundSeries& series, const FoundObject& object,
                      const std::function<void(const fs::path& part)>& write) {
  const fs::path to = place(series, object);
  write_atomically_by_name(to, [&](const fs::path& part) {
    write(part);
    check(part, series, object);
  });
  ++objects_;
  bytes_ += static_cast<std::int64_t>(fs::file_size(to));
}

}  // namespace ctforge::io
