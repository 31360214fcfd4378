// Objects that an archive sends by C-STORE, for C-GET and C-MOVE alike. Included by io's sources only.
#pragma once

#include "io/network/dicom_inbox.h"
#include "io/network/dicom_network_association.h"
#include "io/network/dicom_network_get.h"
#include "io/network/dicom_network_retrieve.h"

#include <exception>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace ctforge::io {

// Contexts, one a class and transfer syntax that are read, that receive what an archive has as it has it; at most 128.
std::vector<ProposedContext> receiving_contexts();

// Not for several threads at once.
class StoreReceiver {
 public:
  // Throws NetworkError for a condition that is bad.
  using Require = std::function<void(const OFCondition&)>;

  // Both must outlive it.
  StoreReceiver(const std::vector<FoundSeries>& wanted, DicomInbox& inbox);

  // Receives the data set that follows the request, and answers that it came once it is in its place. Objects that were
  // not asked for are let pass by, up to a number. Throws NetworkError, DataError(TooLarge) where the inbox's limits
  // end it, and std::system_error when it cannot be written.
  void receive(T_ASC_Association* association, T_ASC_PresentationContextID context, T_DIMSE_C_StoreRQ& request,
               SocketWatch& watch, const DicomPeer& peer, const Require& require);

  const Retrieval& retrieval() const { return retrieval_; }

 private:
  using Objects = std::map<std::string, std::pair<const FoundSeries*, const FoundObject*>>;  // by object UID
  static Objects objects_of(const std::vector<FoundSeries>& wanted);
  void take(const FoundSeries& series, const FoundObject& object,
            const std::function<void(const std::filesystem::path& part)>& write);

  Objects wanted_;
  DicomInbox& inbox_;
  AnswerCount answers_;
  Retrieval retrieval_;
};

}  // namespace ctforge::io
