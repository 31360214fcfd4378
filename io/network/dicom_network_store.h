// C-STORE (PS3.4 annex B): sends objects to an archive.
#pragma once

#include "io/dicom/dicom_identity.h"
#include "io/network/dicom_network.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ctforge::io {

struct OutgoingObject {
  std::filesystem::path file;
  DicomIdentity identity;
};

// What became of one object that was sent.
struct Delivery {
  enum class Outcome {
    Arrived,    // the archive says that it has it (with a warning, where status is not 0)
    Known,      // the archive had it already
    Postponed,  // not now: it is short of something
    Refused     // not this object
  };
  Outcome outcome = Outcome::Refused;
  std::string status;  // "0x0000", the archive's; or why it was not sent
};

// Sends all over one association, more only where they need more than 128 presentation contexts, and tells of each by
// its place in `objects`; returns early when peer.interrupted(). An object that is native may be sent in another native
// transfer syntax, others only as they are. Throws NetworkError when the connection fails: what was told before holds.
// An object that does not say in its file, as it is when it is sent, that it is synthetic, throws
// DataError(NotSynthetic) unless `real` may leave; one that is no longer what its identity says, MalformedDicom.
void store_objects(const DicomPeer& peer, const std::vector<OutgoingObject>& objects, bool real,
                   const std::function<void(std::size_t object, const Delivery& delivery)>& tell);

// What a status of C-STORE means (PS3.4 B.2.3 and PS3.7 annex C).
Delivery::Outcome outcome_of_status(std::uint16_t status);

}  // namespace ctforge::io
