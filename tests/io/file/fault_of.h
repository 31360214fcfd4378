// Which fault an action is refused with.
#pragma once

#include "io/file/fault.h"

#include <gtest/gtest.h>

namespace ctforge::test {

template <class Action>
io::Fault fault_of(const Action& action) {
  try {
    action();
  } catch (const io::DataError& error) {
    return error.fault();
  }
  ADD_FAILURE() << "nothing was refused";
  return io::Fault::Unreadable;
}

}  // namespace ctforge::test
