// Sockets of the loopback, and of all networks.
#include "models/train/loopback.h"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ctforge::train {

namespace {

// -1, with errno, where it cannot listen there.
template <class Address>
int try_to_listen(int family, const Address& address) {
  const int listener = ::socket(family, SOCK_STREAM, 0);
  if (listener < 0) return -1;
  const int yes = 1, no = 0;
  if (::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
      (family != AF_INET6 || ::setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) == 0) &&
      ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(listener, 1024) == 0)
    return listener;
  const int error = errno;
  ::close(listener);
  errno = error;
  return -1;
}

sockaddr_in address_of(std::uint32_t host, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(host);
  return address;
}

int listening(int listener, int port) {
  if (listener >= 0) return listener;
  const int error = errno;
  std::string what = "no port can be listened on";
  if (port != 0) what = "the processes cannot meet at port " + std::to_string(port) + " of this machine";
  if (error == EADDRINUSE) what += ", which another program has: set MASTER_PORT to one that is free";
  throw std::system_error(error, std::generic_category(), what);
}

}  // namespace

int listen_on_loopback(int port) { return listening(try_to_listen(AF_INET, address_of(INADDR_LOOPBACK, port)), port); }

int listen_on_network(int port) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  address.sin6_addr = in6addr_any;
  const int listener = try_to_listen(AF_INET6, address);
  // A machine may have no IPv6.
  if (listener >= 0 || errno == EADDRINUSE) return listening(listener, port);
  return listening(try_to_listen(AF_INET, address_of(INADDR_ANY, port)), port);
}

int port_of(int listener) {
  sockaddr_in6 address = {};  // which has its port where IPv4's has it
  socklen_t length = sizeof address;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::system_error(errno, std::generic_category(), "a socket has no port");
  return ntohs(address.sin6_port);
}

bool is_loopback(const std::string& address) { return address == "localhost" || address.starts_with("127."); }

}  // namespace ctforge::train
