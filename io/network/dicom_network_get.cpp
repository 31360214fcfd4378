// The session of C-GET: the archive's C-STORE requests between our request and its last answer.
#include "io/network/dicom_network_get.h"

#include "io/network/dicom_network_receive.h"
#include "io/network/dicom_network_retrieve.h"

namespace ctforge::io {

namespace {

constexpr std::size_t kGet = 0;  // place of the context of C-GET itself

std::vector<ProposedContext> contexts() {
  std::vector<ProposedContext> all = receiving_contexts();
  all.insert(all.begin(), {UID_GETStudyRootQueryRetrieveInformationModel, native_syntaxes(), false});
  return all;
}

void request(DicomAssociation& association, DcmDataset& identifier) {
  T_DIMSE_Message message{};
  message.CommandField = DIMSE_C_GET_RQ;
  T_DIMSE_C_GetRQ& get = message.msg.CGetRQ;
  get.MessageID = association.next_message();
  OFStandard::strlcpy(get.AffectedSOPClassUID, UID_GETStudyRootQueryRetrieveInformationModel,
                      sizeof get.AffectedSOPClassUID);
  get.DataSetType = DIMSE_DATASET_PRESENT;
  association.require(DIMSE_sendMessageUsingMemoryData(association.get(), DicomAssociation::id_of(kGet), &message,
                                                       nullptr, &identifier, nullptr, nullptr));
}

// Serves the archive until its last answer to the request.
void session(DicomAssociation& association, std::size_t objects, StoreReceiver& receiver,
             const RetrievalProgress& progress) {
  AnswerCount answers(objects);
  while (true) {
    T_DIMSE_Message message{};
    T_ASC_PresentationContextID context = 0;
    DcmDataset* detail = nullptr;
    association.watch().begin(association.peer().exchange_s);
    const OFCondition condition = DIMSE_receiveCommand(association.get(), DIMSE_NONBLOCKING,
                                                       association.peer().silence_s, &context, &message, &detail);
    delete detail;
    association.require(condition);
    if (message.CommandField == DIMSE_C_STORE_RQ) {
      receiver.receive(association.get(), context, message.msg.CStoreRQ, association.watch(), association.peer(),
                       [&](const OFCondition& result) { association.require(result); });
      progress(receiver.retrieval().received);
      continue;
    }
    if (message.CommandField != DIMSE_C_GET_RSP)
      throw NetworkError(Fault::Unreachable, "the archive answers with something else than was asked", true);
    answers.add();
    const T_DIMSE_C_GetRSP& answer = message.msg.CGetRSP;
    if (answer.DataSetType != DIMSE_DATASET_NULL) association.ignore_data_set();
    if (answer.DimseStatus == STATUS_GET_Pending_SubOperationsAreContinuing) continue;
    association.watch().end();
    require_retrieved(answer.DimseStatus);
    return;
  }
}

}  // namespace

Retrieval get_objects(const DicomPeer& peer, const std::vector<FoundSeries>& wanted, DicomInbox& inbox,
                      const RetrievalProgress& progress) {
  DicomAssociation association(peer, contexts());
  if (association.accepted(kGet).empty())
    throw NetworkError(Fault::RefusedByPeer, "the archive does not offer C-GET", false);
  StoreReceiver receiver(wanted, inbox);
  for (const FoundSeries& series : wanted)
    for (const auto& identifier : retrieve_identifiers(series, inbox)) {
      if (peer.interrupted()) return receiver.retrieval();
      request(association, *identifier);
      session(association, series.objects.size(), receiver, progress);
    }
  association.release();
  return receiver.retrieval();
}

}  // namespace ctforge::io
