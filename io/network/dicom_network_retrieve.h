// What C-GET and C-MOVE ask for: identifiers of what is still missing. Included by io's sources only.
#pragma once

#include "io/network/dicom_inbox.h"
#include "io/network/dicom_query.h"

#include <memory>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::io {

// One identifier for the series where nothing of it is there (level SERIES), else for the missing objects, some
// hundreds each (level IMAGE); none where nothing is missing. PS3.4 C.4.2.1.4.1.
std::vector<std::unique_ptr<DcmDataset>> retrieve_identifiers(const FoundSeries& series, const DicomInbox& inbox);

// Throws NetworkError unless a final status of C-GET or C-MOVE means that all or some of the objects were sent.
void require_retrieved(unsigned status);

}  // namespace ctforge::io
