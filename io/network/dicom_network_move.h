// C-MOVE (PS3.4 C.4.2) to ourselves: for archives without C-GET. The service that receives the objects exists only
// while they are moved.
#pragma once

#include "io/network/dicom_network_get.h"

#include <string>
#include <vector>

namespace ctforge::io {

// Where the archive will connect to: it must know our AE title (DicomPeer::calling) with this address and port.
struct MoveDestination {
  std::string address;  // of this machine, in dotted decimal
  int port = 0;
};

// As get_objects. The service takes associations that call it by our AE title, and of them only CT images that are
// wanted. Under TLS it presents our certificate, and wants one from the archive.
Retrieval move_objects(const DicomPeer& peer, const MoveDestination& destination,
                       const std::vector<FoundSeries>& wanted, DicomInbox& inbox, const RetrievalProgress& progress);

}  // namespace ctforge::io
