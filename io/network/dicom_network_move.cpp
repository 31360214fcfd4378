// The request, the service beside it, and the wait for both.
#include "io/network/dicom_network_move.h"

#include "io/network/dicom_network_listener.h"
#include "io/network/dicom_network_receive.h"
#include "io/network/dicom_network_retrieve.h"

#include <exception>
#include <mutex>

namespace ctforge::io {

namespace {

// What the service's thread and the requesting one share.
struct Shared {
  std::mutex mutex;
  StoreReceiver receiver;
  std::exception_ptr failure;          // of the inbox
  DicomAssociation* asking = nullptr;  // whose exchange is going on as long as objects come
};

bool accept_objects(T_ASC_Association& association, const std::string& our_title) {
  char calling[64], called[64], responding[64];
  ASC_getAPTitles(association.params, calling, sizeof calling, called, sizeof called, responding, sizeof responding);
  if (called != our_title) return false;
  for (const ProposedContext& context : receiving_contexts()) {
    const char* classes[] = {context.abstract_syntax.c_str(), UID_VerificationSOPClass};
    std::vector<const char*> syntaxes;
    for (const std::string& syntax : context.transfer_syntaxes) syntaxes.push_back(syntax.c_str());
    ASC_acceptContextsWithPreferredTransferSyntaxes(association.params, classes, 2, syntaxes.data(),
                                                    static_cast<int>(syntaxes.size()));
  }
  return true;
}

ListenerService service_of(Shared& shared, const DicomPeer& peer, const RetrievalProgress& progress) {
  ListenerService service;
  service.negotiate = [&peer](T_ASC_Association& association) { return accept_objects(association, peer.calling); };
  service.answer = [&shared, &peer, &progress](T_ASC_Association& association, T_ASC_PresentationContextID context,
                                               T_DIMSE_Message& message, SocketWatch& watch) {
    if (message.CommandField != DIMSE_C_STORE_RQ) throw std::runtime_error("not a service of ours");
    const std::lock_guard lock(shared.mutex);
    try {
      shared.receiver.receive(&association, context, message.msg.CStoreRQ, watch, peer, [](const OFCondition& result) {
        if (result.bad()) throw NetworkError(Fault::Unreachable, "the archive broke off sending an object", true);
      });
    } catch (const NetworkError&) {
      throw;
    } catch (...) {
      shared.failure = std::current_exception();
      if (shared.asking != nullptr) shared.asking->watch().cut();
      throw;
    }
    if (shared.asking != nullptr) shared.asking->watch().extend(peer.exchange_s);
    progress(shared.receiver.retrieval().received);
  };
  return service;
}

void request(DicomAssociation& association, DcmDataset& identifier, DIC_US id) {
  T_DIMSE_Message message{};
  message.CommandField = DIMSE_C_MOVE_RQ;
  T_DIMSE_C_MoveRQ& move = message.msg.CMoveRQ;
  move.MessageID = id;
  move.DataSetType = DIMSE_DATASET_PRESENT;
  OFStandard::strlcpy(move.AffectedSOPClassUID, UID_MOVEStudyRootQueryRetrieveInformationModel,
                      sizeof move.AffectedSOPClassUID);
  OFStandard::strlcpy(move.MoveDestination, association.peer().calling.c_str(), sizeof move.MoveDestination);
  association.require(DIMSE_sendMessageUsingMemoryData(association.get(), DicomAssociation::id_of(0), &message, nullptr,
                                                       &identifier, nullptr, nullptr));
}

// Waits for the archive's next answer. It need not say anything before the last object is sent: the watch alone bounds
// the wait.
T_DIMSE_C_MoveRSP next_answer(DicomAssociation& association, DIC_US id) {
  while (true) {
    T_DIMSE_Message message{};
    T_ASC_PresentationContextID context = 0;
    DcmDataset* detail = nullptr;
    association.watch().expect();
    const OFCondition condition = DIMSE_receiveCommand(association.get(), DIMSE_NONBLOCKING,
                                                       association.peer().silence_s, &context, &message, &detail);
    delete detail;
    if (condition == DIMSE_NODATAAVAILABLE && !association.watch().was_cut()) continue;
    association.require(condition);
    const T_DIMSE_C_MoveRSP& answer = message.msg.CMoveRSP;
    if (message.CommandField != DIMSE_C_MOVE_RSP || answer.MessageIDBeingRespondedTo != id)
      throw NetworkError(Fault::Unreachable, "the archive answers with something else than was asked", true);
    if (answer.DataSetType != DIMSE_DATASET_NULL) association.ignore_data_set();
    return answer;
  }
}

void move(DicomAssociation& association, DcmDataset& identifier, std::size_t objects) {
  const DIC_US id = association.next_message();
  association.watch().begin(association.peer().exchange_s);
  request(association, identifier, id);
  AnswerCount answers(objects);
  DIC_US status = STATUS_MOVE_Pending_SubOperationsAreContinuing;
  while (status == STATUS_MOVE_Pending_SubOperationsAreContinuing) {
    status = next_answer(association, id).DimseStatus;
    answers.add();
  }
  association.watch().end();
  require_retrieved(status);
}

}  // namespace

Retrieval move_objects(const DicomPeer& peer, const MoveDestination& destination,
                       const std::vector<FoundSeries>& wanted, DicomInbox& inbox, const RetrievalProgress& progress) {
  Shared shared{{}, StoreReceiver(wanted, inbox), {}, nullptr};
  const DicomListener listener(destination.address, destination.port, peer, service_of(shared, peer, progress));
  DicomAssociation association(peer, {{UID_MOVEStudyRootQueryRetrieveInformationModel, native_syntaxes(), false}});
  {
    const std::lock_guard lock(shared.mutex);
    shared.asking = &association;
  }
  const auto forget = [&shared](const void*) {
    const std::lock_guard lock(shared.mutex);
    shared.asking = nullptr;
  };
  const std::unique_ptr<const void, decltype(forget)> asking(&association, forget);
  for (const FoundSeries& series : wanted) {
    std::vector<std::unique_ptr<DcmDataset>> identifiers;
    {
      const std::lock_guard lock(shared.mutex);
      identifiers = retrieve_identifiers(series, inbox);
    }
    for (const auto& identifier : identifiers) {
      if (peer.interrupted()) return shared.receiver.retrieval();
      try {
        move(association, *identifier, series.objects.size());
      } catch (const NetworkError&) {
        const std::lock_guard lock(shared.mutex);
        if (shared.failure) std::rethrow_exception(shared.failure);
        throw;
      }
    }
  }
  association.release();
  const std::lock_guard lock(shared.mutex);
  return shared.receiver.retrieval();
}

}  // namespace ctforge::io
