// Where objects from an archive are put: a folder whose names tell nobody anything. Each file is whole and checked, or
// not there.
#pragma once

#include "io/network/dicom_query.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace ctforge::io {

struct InboxLimits {
  std::int64_t objects = 0;       // that may be taken in
  std::int64_t bytes = 0;         // of all of them
  std::int64_t object_bytes = 0;  // of one
};

// Not for several threads at once.
class DicomInbox {
 public:
  // `key` keys the names: folder/P-<patient>/S-<series>/<object>.dcm, 16 hexadecimal digits each, 32 for objects.
  DicomInbox(std::filesystem::path folder, std::string key, InboxLimits limits);

  std::filesystem::path place(const FoundSeries& series, const FoundObject& object) const;
  bool holds(const FoundSeries& series, const FoundObject& object) const;
  // Bytes that the next object may have. Throws DataError(TooLarge) when there may be no next one.
  std::int64_t room() const;
  // Lets `write` make a whole file (PS3.10) at the path it is given, checks that it is the object and of the class
  // announced, in that study and series of that patient and of the series' modality, and puts it in its place. Throws
  // DataError(NotAsAnnounced, MalformedDicom), then nothing is left, and what `write` throws.
  void take(const FoundSeries& series, const FoundObject& object,
            const std::function<void(const std::filesystem::path& part)>& write);

  std::int64_t objects() const { return objects_; }  // taken in
  std::int64_t bytes() const { return bytes_; }

 private:
  std::string name(const char* kind, const std::string& identifier, std::size_t digits) const;
  std::filesystem::path folder_;
  std::string key_;
  InboxLimits limits_;
  std::int64_t objects_ = 0, bytes_ = 0;
};

}  // namespace ctforge::io
