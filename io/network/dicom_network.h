// An archive to talk to over DICOM's own protocol (PS3.8), and what is said when that fails. No DCMTK types.
#pragma once

#include "io/file/fault.h"

#include <filesystem>
#include <functional>
#include <string>

namespace ctforge::io {

// Files are PEM. Certificates are always checked.
struct TlsSettings {
  bool enabled = false;
  std::filesystem::path authorities;       // the certificates that are trusted
  std::filesystem::path certificate, key;  // our own; empty: none
  std::string name;                        // that the other side's certificate must bear; empty: the host's
};

struct DicomPeer {
  std::string host;  // a name or an IPv4 address
  int port = 0;
  std::string called, calling;  // AE titles, theirs and ours: 1 to 16 characters
  TlsSettings tls;
  int silence_s = 1;   // the other side may say nothing for so long; also the limit for connecting
  int exchange_s = 1;  // one object, one answer or the negotiation may take so long
  std::function<bool()> interrupted = [] { return false; };  // true: break off
};

// What another machine did or did not do. Its own words are never repeated: they may name patients.
class NetworkError : public DataError {
 public:
  NetworkError(Fault fault, const std::string& message, bool passing) : DataError(fault, message), passing_(passing) {}
  bool passing() const { return passing_; }  // worth another try later

 private:
  bool passing_;
};

}  // namespace ctforge::io
