// An association with an archive (PS3.8 chapter 7), and DCMTK's complaints about it as ours. Included by io's sources
// only.
#pragma once

#include "io/network/dicom_network.h"
#include "io/network/dicom_network_tls.h"
#include "io/network/dicom_network_watch.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dimse.h>

namespace ctforge::io {

// A presentation context (PS3.8 7.1.1.13): its ID is 2 i + 1 for the i-th proposed.
struct ProposedContext {
  std::string abstract_syntax;
  std::vector<std::string> transfer_syntaxes;
  bool we_receive = false;  // we are the provider: C-GET's storage
};
inline constexpr std::size_t kMostContexts = 128;  // PS3.8 7.1.1.13: odd numbers of one byte

// Bytes of one PDU that we take (PS3.8 D.1): archives put a command and the beginning of its data set into one, so that
// it must fit, with a message, into SocketWatch::kMostMessageBytes.
inline constexpr long kLargestPdu = 32 << 10;
// Of all that the two sides tell each other in the negotiation: 128 contexts of dozens of transfer syntaxes.
inline constexpr std::int64_t kMostNegotiationBytes = 1 << 20;

// Native transfer syntaxes, `first` before the others: what any of them holds can be sent in any other.
std::vector<std::string> native_syntaxes(const std::string& first = {});

// Silences DCMTK and sets its timeouts, which are the process's: one archive at a time.
void prepare_network(const DicomPeer& peer);

class DicomAssociation {
 public:
  // Throws NetworkError when there is no connection, or no agreement.
  DicomAssociation(const DicomPeer& peer, const std::vector<ProposedContext>& contexts);
  ~DicomAssociation();  // breaks off what was not released
  DicomAssociation(const DicomAssociation&) = delete;
  DicomAssociation& operator=(const DicomAssociation&) = delete;

  T_ASC_Association* get() { return association_; }
  SocketWatch& watch() { return watch_; }
  const DicomPeer& peer() const { return peer_; }
  // The transfer syntax that was agreed on for the i-th context; empty: it was not accepted.
  std::string accepted(std::size_t context) const;
  static T_ASC_PresentationContextID id_of(std::size_t context) {
    return static_cast<T_ASC_PresentationContextID>(2 * context + 1);
  }
  DIC_US next_message() { return association_->nextMsgID++; }
  // Lets the data set that follows a command pass by.
  void ignore_data_set();
  void release();
  // Throws NetworkError for a condition that is bad.
  void require(const OFCondition& condition) const;

 private:
  void request(const std::vector<ProposedContext>& contexts);
  void destroy();

  DicomPeer peer_;
  SocketWatch watch_;
  std::unique_ptr<DcmTransportLayer> transport_;
  T_ASC_Network* network_ = nullptr;
  T_ASC_Association* association_ = nullptr;
  bool open_ = false;
};

// "0xA700", as PS3.7 annex C writes statuses.
std::string status_text(unsigned status);

}  // namespace ctforge::io
