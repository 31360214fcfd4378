// A DICOM service on one address of this machine, for as long as the object lives. Included by io's sources only.
#pragma once

#include "io/network/dicom_network.h"
#include "io/network/dicom_network_association.h"
#include "io/network/dicom_network_watch.h"

#include <functional>
#include <string>
#include <thread>

namespace ctforge::io {

// What the service does with an association.
struct ListenerService {
  // Accepts presentation contexts; false: the association is rejected, as if the called AE title were unknown.
  std::function<bool(T_ASC_Association& association)> negotiate;
  // Answers one command but C-ECHO, which is answered anyway; what it throws ends the association.
  std::function<void(T_ASC_Association& association, T_ASC_PresentationContextID context, T_DIMSE_Message& message,
                     SocketWatch& watch)>
      answer;
};

// DCMTK listens on every address of the machine, so the socket is ours; one association at a time.
class DicomListener {
 public:
  // `address` in dotted decimal, port 0: any that is free. Timeouts and TLS, where the certificate and key are needed,
  // are `peer`'s. Throws NetworkError when it cannot listen there.
  DicomListener(const std::string& address, int port, DicomPeer peer, ListenerService service);
  ~DicomListener();  // the association that is open is cut
  DicomListener(const DicomListener&) = delete;
  DicomListener& operator=(const DicomListener&) = delete;
  int port() const { return port_; }

 private:
  void run(const std::stop_token& stop);
  void serve(int connection, const std::stop_token& stop);
  void converse(T_ASC_Association& association, SocketWatch& watch);

  DicomPeer peer_;
  ListenerService service_;
  int socket_ = -1, port_ = 0;
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace ctforge::io
