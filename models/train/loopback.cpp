// Sockets of the loopback.
#include "models/train/loopback.h"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace ctforge::train {

int listen_on_loopback(int port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (listener < 0 || ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 1024) != 0)
    throw std::system_error(errno, std::generic_category(), "no port of the loopback can be listened on");
  return listener;
}

int port_of(int listener) {
  sockaddr_in address = {};
  socklen_t length = sizeof address;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::system_error(errno, std::generic_category(), "a socket has no port");
  return ntohs(address.sin_port);
}

bool is_loopback(const std::string& address) { return address == "localhost" || address.starts_with("127."); }

}  // namespace ctforge::train
