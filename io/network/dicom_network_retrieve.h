// What C-GET and C-MOVE ask for: identifiers of what is still missing; and when an archive's answers are enough.
// Included by io's sources only.
#pragma once

#include "io/network/dicom_inbox.h"
#include "io/network/dicom_query.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::io {

// One identifier for the series where nothing of it is there (level SERIES), else for the missing objects, some
// hundreds each (level IMAGE); none where nothing is missing. PS3.4 C.4.2.1.4.1.
std::vector<std::unique_ptr<DcmDataset>> retrieve_identifiers(const FoundSeries& series, const DicomInbox& inbox);

// Counts the answers, or the objects, that come where so many objects were asked for. Archives tell of each object that
// they go on, or every few seconds, and may send a series again; without an end they would hold us forever.
class AnswerCount {
 public:
  explicit AnswerCount(std::size_t objects, std::int64_t besides = 1000)
      : left_(besides + 4 * static_cast<std::int64_t>(objects)) {}
  // Throws NetworkError where it is one too many.
  void add();

 private:
  std::int64_t left_;
};

// Throws NetworkError unless a final status of C-GET or C-MOVE means that all or some of the objects were sent.
void require_retrieved(unsigned status);

}  // namespace ctforge::io
