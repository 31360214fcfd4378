// Accepting connections on our own socket and handing each to DCMTK.
#include "io/network/dicom_network_listener.h"

#include <cerrno>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <dcmtk/dcmnet/dul.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ctforge::io {

namespace {

[[noreturn]] void fail(int error) {
  throw NetworkError(Fault::Unreachable,
                     "cannot listen on the address and port given: " + std::generic_category().message(error), false);
}

// DCMTK's view of one connection.
struct Connection {
  Connection() = default;
  ~Connection() {
    if (association != nullptr) {
      ASC_dropSCPAssociation(association, 0);
      ASC_destroyAssociation(&association);
    }
    if (network != nullptr) ASC_dropNetwork(&network);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  // Takes over the socket, on which somebody has connected.
  bool receive(int socket, DcmTransportLayer* transport, const DicomPeer& peer);

  T_ASC_Network* network = nullptr;
  T_ASC_Association* association = nullptr;
};

bool Connection::receive(int socket, DcmTransportLayer* transport, const DicomPeer& peer) {
  // DCMTK takes sockets of others from a variable of the whole process.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  dcmExternalSocketHandle.set(socket);
  OFCondition condition = ASC_initializeNetwork(NET_ACCEPTOR, 0, peer.silence_s, &network);
  if (condition.bad()) ::close(socket);
  if (condition.good()) condition = ASC_setTransportLayer(network, transport, 0);
  if (condition.good())
    condition = ASC_receiveAssociation(network, &association, kLargestPdu, nullptr, nullptr, peer.tls.enabled,
                                       DUL_NOBLOCK, peer.silence_s);
  dcmExternalSocketHandle.set(DCMNET_INVALID_SOCKET);
  return condition.good();
}

}  // namespace

DicomListener::DicomListener(const std::string& address, int port, DicomPeer peer, ListenerService service)
    : peer_(std::move(peer)), service_(std::move(service)) {
  prepare_network(peer_);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) fail(errno);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  const int reuse = 1;
  ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  socklen_t size = sizeof place;
  errno = 0;
  const bool listening = ::inet_pton(AF_INET, address.c_str(), &place.sin_addr) == 1 &&
                         ::bind(socket_, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0 &&
                         ::listen(socket_, 8) == 0 &&
                         ::getsockname(socket_, reinterpret_cast<sockaddr*>(&place), &size) == 0;
  if (!listening) {
    const int error = errno != 0 ? errno : EINVAL;
    ::close(socket_);
    fail(error);
  }
  port_ = ntohs(place.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

DicomListener::~DicomListener() {
  thread_.request_stop();
  thread_.join();
  ::close(socket_);
}

void DicomListener::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, 50) <= 0) continue;
    const int connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    try {
      serve(connection, stop);
    } catch (const std::exception&) {
      // Of this association alone; who asked for it learns of it by what did not arrive.
    }
  }
}

void DicomListener::serve(int socket, const std::stop_token& stop) {
  SocketWatch watch([&] { return stop.stop_requested() || peer_.interrupted(); });
  watch.watch(socket);
  const auto transport = make_transport(peer_.tls, NET_ACCEPTOR, "", watch);
  Connection connection;
  watch.begin(peer_.exchange_s);
  watch.expect(kMostNegotiationBytes);
  if (!connection.receive(socket, transport.get(), peer_)) return;
  if (!service_.negotiate(*connection.association)) {
    const T_ASC_RejectParameters unknown = {ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER,
                                            ASC_REASON_SU_CALLEDAETITLENOTRECOGNIZED};
    ASC_rejectAssociation(connection.association, &unknown);
    return;
  }
  if (ASC_acknowledgeAssociation(connection.association).good()) converse(*connection.association, watch);
}

void DicomListener::converse(T_ASC_Association& association, SocketWatch& watch) {
  while (true) {
    T_DIMSE_Message message{};
    T_ASC_PresentationContextID context = 0;
    DcmDataset* detail = nullptr;
    watch.begin(peer_.exchange_s);
    const OFCondition condition =
        DIMSE_receiveCommand(&association, DIMSE_NONBLOCKING, peer_.silence_s, &context, &message, &detail);
    delete detail;
    if (condition == DUL_PEERREQUESTEDRELEASE) ASC_acknowledgeRelease(&association);
    if (condition == DUL_PEERREQUESTEDRELEASE || condition == DUL_PEERABORTEDASSOCIATION) return;
    try {
      if (condition.bad()) throw std::runtime_error("the connection failed");
      if (message.CommandField == DIMSE_C_ECHO_RQ)
        DIMSE_sendEchoResponse(&association, context, &message.msg.CEchoRQ, STATUS_Success, nullptr);
      else
        service_.answer(association, context, message, watch);
    } catch (...) {
      ASC_abortAssociation(&association);
      throw;
    }
  }
}

}  // namespace ctforge::io
