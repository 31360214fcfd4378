// C-FIND (PS3.4 C.4.1) in the Study Root information model: asks an archive what it holds.
#pragma once

#include "io/network/dicom_network.h"
#include "io/network/dicom_query.h"

#include <cstdint>
#include <vector>

namespace ctforge::io {

// All questions over one association, which is open as long as `use` runs. An answer of more than `most` records
// throws DataError(TooLarge); a failure of the archive, or a record beyond any size, NetworkError.
void with_archive(const DicomPeer& peer, std::int64_t most, const std::function<void(const AskArchive& ask)>& use);

}  // namespace ctforge::io
