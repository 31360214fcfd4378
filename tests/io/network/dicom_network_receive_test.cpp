// The contexts under which objects come; the receiving itself is tested with C-GET and C-MOVE.
#include "io/network/dicom_network_receive.h"

#include <algorithm>
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

// Of each of these a SEG is read (io/dicom/dicom_segmentation.h).
TEST(ReceivingContexts, TakeSegmentationsThatWereCompressedWithoutLoss) {
  const auto contexts = receiving_contexts();
  for (const char* sop_class : {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
    for (const char* syntax :
         {UID_LittleEndianExplicitTransferSyntax, UID_DeflatedExplicitVRLittleEndianTransferSyntax,
          UID_RLELosslessTransferSyntax, UID_JPEGProcess14TransferSyntax, UID_JPEGProcess14SV1TransferSyntax,
          UID_JPEGLSLosslessTransferSyntax, UID_JPEG2000LosslessOnlyTransferSyntax})
      EXPECT_EQ(std::count_if(contexts.begin(), contexts.end(),
                              [&](const ProposedContext& context) {
                                return context.abstract_syntax == sop_class && context.we_receive &&
                                       context.transfer_syntaxes[0] == syntax;
                              }),
                1)
          << sop_class << " " << syntax;
}

}  // namespace
}  // namespace ctforge::io
