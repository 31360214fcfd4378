// The contexts under which objects come; the receiving itself is tested with C-GET and C-MOVE.
#include "io/network/dicom_network_receive.h"

#include <set>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(ReceivingContexts, FitOneAssociationWithTheRequestsOwn) {
  const auto contexts = receiving_contexts();
  EXPECT_LT(contexts.size(), kMostContexts);
  std::set<std::string> kinds;
  for (const auto& context : contexts)
    EXPECT_TRUE(kinds.insert(context.abstract_syntax + " " + context.transfer_syntaxes[0]).second);
}

}  // namespace
}  // namespace ctforge::io
