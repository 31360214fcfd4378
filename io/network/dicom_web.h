// DICOMweb (PS3.18): STOW-RS, QIDO-RS and WADO-RS, for archives that speak HTTP.
#pragma once

#include "io/network/dicom_inbox.h"
#include "io/network/dicom_network_get.h"
#include "io/network/dicom_network_store.h"
#include "io/network/dicom_query.h"
#include "io/network/http_client.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ctforge::io {

// STOW-RS (10.5), one object a request over one connection: as store_objects. Files go as they are.
void store_objects_web(const HttpPeer& peer, const std::vector<OutgoingObject>& objects, bool real,
                       const std::function<void(std::size_t object, const Delivery& delivery)>& tell);

// QIDO-RS (10.6), page by page: as with_archive.
void with_web_archive(const HttpPeer& peer, std::int64_t most, const std::function<void(const AskArchive& ask)>& use);

// WADO-RS (10.4), one object a request, in the encoding the archive has it in: as get_objects.
Retrieval get_objects_web(const HttpPeer& peer, const std::vector<FoundSeries>& wanted, DicomInbox& inbox,
                          const RetrievalProgress& progress);

// What an answer to STOW-RS says of one object (10.5.3 and annex I.2.2). Throws NetworkError for answers that concern
// the service and no object.
Delivery delivery_of_answer(const HttpAnswer& answer, const std::string& object_uid);
// The first part of a multipart/related body (RFC 2387). Throws NetworkError when there is none that is whole.
std::string first_part(const HttpAnswer& answer);

}  // namespace ctforge::io
