// Negotiation through DCMTK's ASC layer.
#include "io/network/dicom_network_association.h"

#include "io/dicom/dicom_attributes.h"

#include <cstdio>
#include <stdexcept>

#include <dcmtk/dcmnet/dcmtrans.h>
#include <dcmtk/dcmnet/dul.h>

namespace ctforge::io {

namespace {

NetworkError rejection(const T_ASC_RejectParameters& reject) {
  const bool passing = reject.result == ASC_RESULT_REJECTEDTRANSIENT;
  const char* why = "without a reason";
  switch (reject.reason) {
    case ASC_REASON_SU_CALLEDAETITLENOTRECOGNIZED:
      why = "it does not know the called AE title";
      break;
    case ASC_REASON_SU_CALLINGAETITLENOTRECOGNIZED:
      why = "it does not know our calling AE title";
      break;
    case ASC_REASON_SU_APPCONTEXTNAMENOTSUPPORTED:
    case ASC_REASON_SP_ACSE_PROTOCOLVERSIONNOTSUPPORTED:
      why = "it speaks another protocol";
      break;
    case ASC_REASON_SP_PRES_TEMPORARYCONGESTION:
    case ASC_REASON_SP_PRES_LOCALLIMITEXCEEDED:
      return {Fault::RefusedByPeer, "the archive rejects the association: it is busy", true};
    default:
      break;
  }
  return {Fault::RefusedByPeer, std::string("the archive rejects the association: ") + why, passing};
}

void add_contexts(T_ASC_Parameters* parameters, const std::vector<ProposedContext>& contexts) {
  if (contexts.empty() || contexts.size() > kMostContexts)
    throw std::invalid_argument("an association has 1 to 128 presentation contexts");
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    std::vector<const char*> syntaxes;
    for (const std::string& syntax : contexts[i].transfer_syntaxes) syntaxes.push_back(syntax.c_str());
    if (ASC_addPresentationContext(parameters, DicomAssociation::id_of(i), contexts[i].abstract_syntax.c_str(),
                                   syntaxes.data(), static_cast<int>(syntaxes.size()),
                                   contexts[i].we_receive ? ASC_SC_ROLE_SCP : ASC_SC_ROLE_DEFAULT)
            .bad())
      throw std::invalid_argument("a presentation context that cannot be proposed");
  }
}

}  // namespace

std::vector<std::string> native_syntaxes(const std::string& first) {
  std::vector<std::string> syntaxes;
  if (!first.empty()) syntaxes.push_back(first);
  for (const char* syntax : {UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax})
    if (first != syntax) syntaxes.emplace_back(syntax);
  return syntaxes;
}

void prepare_network(const DicomPeer& peer) {
  quiet_dcmtk();
  dcmDisableGethostbyaddr.set(OFTrue);
  dcmConnectionTimeout.set(peer.silence_s);
  dcmSocketSendTimeout.set(peer.silence_s);
  dcmSocketReceiveTimeout.set(peer.silence_s);
}

DicomAssociation::DicomAssociation(const DicomPeer& peer, const std::vector<ProposedContext>& contexts)
    : peer_(peer), watch_(peer.interrupted) {
  prepare_network(peer_);
  transport_ = make_transport(peer_.tls, NET_REQUESTOR, peer_.host, watch_);
  try {
    request(contexts);
  } catch (...) {
    destroy();
    throw;
  }
}

DicomAssociation::~DicomAssociation() {
  if (open_) ASC_abortAssociation(association_);
  destroy();
}

void DicomAssociation::destroy() {
  if (association_ != nullptr) ASC_destroyAssociation(&association_);
  if (network_ != nullptr) ASC_dropNetwork(&network_);
}

void DicomAssociation::request(const std::vector<ProposedContext>& contexts) {
  require(ASC_initializeNetwork(NET_REQUESTOR, 0, peer_.silence_s, &network_));
  require(ASC_setTransportLayer(network_, transport_.get(), 0));
  T_ASC_Parameters* parameters = nullptr;
  require(ASC_createAssociationParameters(&parameters, kLargestPdu));
  try {
    ASC_setAPTitles(parameters, peer_.calling.c_str(), peer_.called.c_str(), nullptr);
    ASC_setTransportLayerType(parameters, peer_.tls.enabled);
    const std::string address = peer_.host + ":" + std::to_string(peer_.port);
    ASC_setPresentationAddresses(parameters, "localhost", address.c_str());
    add_contexts(parameters, contexts);
  } catch (...) {
    ASC_destroyAssociationParameters(&parameters);
    throw;
  }
  watch_.begin(peer_.exchange_s);
  watch_.expect(kMostNegotiationBytes);
  const OFCondition condition = ASC_requestAssociation(network_, parameters, &association_);
  watch_.end();
  if (condition == DUL_ASSOCIATIONREJECTED) {
    T_ASC_RejectParameters reject{};
    ASC_getRejectParameters(parameters, &reject);
    throw rejection(reject);
  }
  require(condition);
  open_ = true;
  if (ASC_countAcceptedPresentationContexts(parameters) == 0)
    throw NetworkError(Fault::RefusedByPeer, "the archive accepts none of the services that are asked of it", false);
}

std::string DicomAssociation::accepted(std::size_t context) const {
  T_ASC_PresentationContext found{};
  if (ASC_findAcceptedPresentationContext(association_->params, id_of(context), &found).bad()) return {};
  return found.acceptedTransferSyntax;
}

void DicomAssociation::ignore_data_set() {
  DIC_UL bytes = 0, fragments = 0;
  watch_.expect(SocketWatch::kAnyBytes);  // it is not kept
  require(DIMSE_ignoreDataSet(association_, DIMSE_NONBLOCKING, peer_.silence_s, &bytes, &fragments));
}

void DicomAssociation::release() {
  watch_.begin(peer_.silence_s);
  open_ = false;
  if (ASC_releaseAssociation(association_).bad()) ASC_abortAssociation(association_);
  watch_.end();
}

void DicomAssociation::require(const OFCondition& condition) const {
  if (condition.good()) return;
  const auto fail = [](const std::string& message) -> NetworkError { return {Fault::Unreachable, message, true}; };
  if (watch_.was_flooded())
    throw NetworkError(Fault::TooLarge, "the archive sends a message that is larger than any should be", false);
  if (watch_.was_cut() && peer_.interrupted()) throw fail("the connection was broken off when asked to stop");
  if (watch_.was_cut())
    throw fail("the archive took longer than " + std::to_string(peer_.exchange_s) + " s for one exchange");
  if (condition == DIMSE_NODATAAVAILABLE || condition == DUL_READTIMEOUT)
    throw fail("the archive said nothing for " + std::to_string(peer_.silence_s) + " s");
  if (condition == DUL_PEERABORTEDASSOCIATION || condition == DUL_NETWORKCLOSED ||
      condition == DUL_PEERREQUESTEDRELEASE || condition == DIMSE_READPDVFAILED)
    throw fail("the archive broke the connection off");
  // The number says what DCMTK's text would, which quotes what the other side sent.
  const std::string code =
      " (DCMTK " + std::to_string(condition.module()) + "." + std::to_string(condition.code()) + ")";
  if (!open_) throw fail("no " + std::string(peer_.tls.enabled ? "TLS " : "") + "connection to the archive" + code);
  throw fail("the exchange with the archive failed" + code);
}

std::string status_text(unsigned status) {
  char text[12];
  std::snprintf(text, sizeof text, "0x%04X", status & 0xFFFFU);
  return text;
}

}  // namespace ctforge::io
