// Names by keyed hash, checks by header and by the place of the pixels.
#include "io/network/dicom_inbox.h"

#include "io/dicom/dicom_fragments.h"
#include "io/dicom/dicom_identity.h"
#include "io/dicom/dicom_stream.h"
#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/file_descriptor.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

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

// What is in its place is never fetched again, so nothing may be missing of it. Whether the pixels are as many as the
// header says is not asked: that is how the archive has them.
void check_pixels(const fs::path& path) {
  const ParsedDicom parsed = parse_to_pixels(path);
  const DcmXfer xfer(parsed.file->getDataset()->getOriginalXfer());
  if (xfer.getStreamCompression() != ESC_none) return;  // they have no place in the file
  const FileDescriptor file(path);
  const PixelDataPlace place = find_pixel_data(file.get(), parsed.stopped_at, xfer.isExplicitVR(), xfer.isBigEndian());
  if (!place.found) throw DataError(Fault::MissingPixelData, "the archive sent an image without PixelData");
  if (place.length >= 0) {
    if (place.offset + place.length > file.file_bytes())
      throw DataError(Fault::TruncatedPixelData, "the archive sent an image that ends within its PixelData");
    return;
  }
  DicomPixels pixels;
  pixels.offset = place.offset;
  std::vector<Finding> faults;
  find_frames(file.get(), pixels, file.file_bytes(), faults);  // as one frame: how many there are does not matter
  if (!faults.empty()) throw DataError(faults.front().fault, faults.front().message);
}

[[noreturn]] void fail(int error) {
  throw std::system_error(error, std::generic_category(), "cannot write an object that came");
}

}  // namespace

InboxFile::InboxFile(const fs::path& path)
    : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) fail(errno);
}

InboxFile::~InboxFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void InboxFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void InboxFile::close() {
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(errno);
}

bool is_of_one_object(const DataError& error) {
  constexpr Fault faults[] = {Fault::NotAsAnnounced, Fault::MalformedDicom, Fault::MissingPixelData,
                              Fault::TruncatedPixelData};
  return std::find(std::begin(faults), std::end(faults), error.fault()) != std::end(faults);
}

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
    if (series.modality != "RTSTRUCT") check_pixels(part);
  });
  ++objects_;
  bytes_ += static_cast<std::int64_t>(fs::file_size(to));
}

}  // namespace ctforge::io
