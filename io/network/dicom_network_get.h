// C-GET (PS3.4 C.4.3): fetches objects from an archive over the association that asks for them.
#pragma once

#include "io/network/dicom_inbox.h"
#include "io/network/dicom_network.h"
#include "io/network/dicom_query.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace ctforge::io {

struct Retrieval {
  std::int64_t received = 0;  // and put in their place
  std::int64_t refused = 0;   // that came but were not asked for, not as announced, not whole, or no CT
};

// Told after each object: how many are in their place by now.
using RetrievalProgress = std::function<void(std::int64_t received)>;

// Fetches what the inbox does not hold yet, series by series, over one association; returns early when
// peer.interrupted(). Objects that the archive fails to send are simply not there afterwards. Throws NetworkError, and
// DataError(TooLarge) at the inbox's limits; what has arrived stays.
Retrieval get_objects(const DicomPeer& peer, const std::vector<FoundSeries>& wanted, DicomInbox& inbox,
                      const RetrievalProgress& progress);

}  // namespace ctforge::io
