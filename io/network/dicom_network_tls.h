// The transport under an association: plain or TLS, with its socket watched from the first byte. Included by io's
// sources only.
#pragma once

#include "io/network/dicom_network.h"
#include "io/network/dicom_network_watch.h"

#include <memory>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dcmlayer.h>

namespace ctforge::io {

// For the requestor `host` is who is connected to: the other side's certificate must be signed by one of the
// authorities and bear settings.name, else host. For the acceptor it is empty: the certificate must be signed, whoever
// it names. TLS as PS3.15 B.9 (BCP 195) has it, 1.2 or later. `watch` must outlive the layer. Throws
// DataError(Unreadable) for files that cannot be read or a key that is not the certificate's.
std::unique_ptr<DcmTransportLayer> make_transport(const TlsSettings& settings, T_ASC_NetworkRole role,
                                                  const std::string& host, SocketWatch& watch);

}  // namespace ctforge::io
