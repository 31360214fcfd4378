// Sockets that only this machine can reach.
#pragma once

#include <string>

namespace ctforge::train {

// A socket that listens on that port of the loopback alone, 0: on any free one; and the port it has. Throw
// std::system_error.
int listen_on_loopback(int port);
int port_of(int listener);
// Of a name or an address as somebody writes it.
bool is_loopback(const std::string& address);

}  // namespace ctforge::train
