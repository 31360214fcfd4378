// Where objects from an archive are put: a folder whose names tell nobody anything. Each file is whole and checked, or
// not there.
#pragma once

#include "io/file/fault.h"
#include "io/network/dicom_query.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace ctforge::io {

struct InboxLimits {
  std::int64_t objects = 0;       // that may be taken in
  std::int64_t bytes = 0;         // of all of them
  std::int64_t object_bytes = 0;  // of one
};

// A file that an object is written to. What does not reach it is an error: std::system_error with errno, of everything
// here. DCMTK's own file streams keep the last bytes back and do not tell when they are lost.
class InboxFile {
 public:
  // Appends, and makes the file where there is none.
  explicit InboxFile(const std::filesystem::path& path);
  ~InboxFile();
  InboxFile(const InboxFile&) = delete;
  InboxFile& operator=(const InboxFile&) = delete;

  void write(std::string_view bytes);
  void close();  // before which nothing is sure

 private:
  int descriptor_ = -1;
};

// Whether `take` failed because of this one object, so that others may still come.
bool is_of_one_object(const DataError& error);

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
  // announced, in that study and series of that patient and of the series' modality, and that its PixelData is all
  // there, and puts it in its place. Throws DataError(NotAsAnnounced, MalformedDicom, MissingPixelData,
  // TruncatedPixelData), and what `write` throws; then nothing is left, and it is fetched again the next time.
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
