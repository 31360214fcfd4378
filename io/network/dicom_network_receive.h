// Objects that an archive sends by C-STORE, for C-GET and C-MOVE alike. Included by io's sources only.
#pragma once

#include "io/network/dicom_inbox.h"
#include "io/network/dicom_network_association.h"
#include "io/network/dicom_network_get.h"

#include <exception>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace ctforge::io {

// Contexts, one a CT class and transfer syntax, that receive what an archive has as it has it; at most 128.
std::vector<ProposedContext> receiving_contexts();

// Not for several threads at once.
class StoreReceiver {
 public:
  // Both must outlive it.
  StoreReceiver(const std::vector<FoundSeries>& wanted, DicomInbox& inbox);

  // Receives the data set that follows the request and answers it. Objects that were not asked for are let pass by.
  // Throws NetworkError, and DataError(TooLarge) where the inbox's limits end it.
  void receive(T_ASC_Association* association, T_ASC_PresentationContextID context, T_DIMSE_C_StoreRQ& request,
               SocketWatch& watch, const DicomPeer& peer, const std::function<void(const OFCondition&)>& require);

  const Retrieval& retrieval() const { return retrieval_; }

 private:
  std::map<std::string, std::pair<const FoundSeries*, const FoundObject*>> wanted_;  // by object UID
  DicomInbox& inbox_;
  Retrieval retrieval_;
};

}  // namespace ctforge::io
