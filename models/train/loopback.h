// Sockets that processes meet at: reached from this machine alone, unless they are spread over several.
#pragma once

#include <string>

namespace ctforge::train {

// A socket that listens on that port of the loopback alone, 0: on any free one; and the port it has. Throw
// std::system_error, which says what to do where another program has the port.
int listen_on_loopback(int port);
// Likewise on all networks of this machine.
int listen_on_network(int port);
int port_of(int listener);
// Of a name or an address as somebody writes it.
bool is_loopback(const std::string& address);

}  // namespace ctforge::train
