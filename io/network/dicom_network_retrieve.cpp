// Identifiers of retrieval and the meaning of its statuses.
#include "io/network/dicom_network_retrieve.h"

#include "io/network/dicom_network_association.h"

namespace ctforge::io {

std::vector<std::unique_ptr<DcmDataset>> retrieve_identifiers(const FoundSeries& series, const DicomInbox& inbox) {
  constexpr std::size_t most = 200;  // UIDs a request: about 13 kB, below what any archive takes
  std::vector<std::string> missing;
  for (const FoundObject& object : series.objects)
    if (!inbox.holds(series, object)) missing.push_back(object.object_uid);
  const bool whole = missing.size() == series.objects.size();
  std::vector<std::unique_ptr<DcmDataset>> identifiers;
  for (std::size_t first = 0; first < missing.size(); first += most) {
    auto identifier = std::make_unique<DcmDataset>();
    identifier->putAndInsertString(DCM_QueryRetrieveLevel, whole ? "SERIES" : "IMAGE");
    identifier->putAndInsertString(DCM_StudyInstanceUID, series.study_uid.c_str());
    identifier->putAndInsertString(DCM_SeriesInstanceUID, series.series_uid.c_str());
    if (!whole) {
      std::string uids;
      for (std::size_t i = first; i < std::min(first + most, missing.size()); ++i)
        uids += (uids.empty() ? "" : "\\") + missing[i];
      identifier->putAndInsertString(DCM_SOPInstanceUID, uids.c_str());
    }
    identifiers.push_back(std::move(identifier));
    if (whole) break;
  }
  return identifiers;
}

void AnswerCount::add() {
  if (--left_ < 0)
    throw NetworkError(Fault::TooLarge,
                       "the archive answers again and again, far more often than it was asked for objects", true);
}

void require_retrieved(unsigned status) {
  if (status == STATUS_GET_Success || (status & 0xF000U) == 0xB000U) return;
  if (status == STATUS_MOVE_Refused_MoveDestinationUnknown)
    throw NetworkError(Fault::RefusedByPeer, "the archive does not know our AE title as a place to send objects to",
                       false);
  throw NetworkError(Fault::RefusedByPeer, "the archive does not send the objects: status " + status_text(status),
                     (status & 0xFF00U) == 0xA700U);
}

}  // namespace ctforge::io
