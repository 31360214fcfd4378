// The service answers on its own address, rejects who calls it by another name, and survives a failing answer.
#include "io/network/dicom_network_listener.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

DicomPeer limits() { return {.silence_s = 2, .exchange_s = 5}; }

DicomPeer at(int port) {
  return {.host = "127.0.0.1", .port = port, .called = "SERVICE", .calling = "TEST", .silence_s = 2, .exchange_s = 5};
}

ListenerService service(bool accepts) {
  return {[accepts](T_ASC_Association& association) {
            ASC_acceptPresentationContext(association.params, 1, UID_LittleEndianExplicitTransferSyntax);
            return accepts;
          },
          [](T_ASC_Association&, T_ASC_PresentationContextID, T_DIMSE_Message&, SocketWatch&) {
            throw std::runtime_error("no service");
          }};
}

const std::vector<ProposedContext> kVerification = {{UID_VerificationSOPClass, native_syntaxes(), false}};

TEST(DicomListener, AnswersEchoes) {
  const DicomListener listener("127.0.0.1", 0, limits(), service(true));
  for (int i = 0; i < 2; ++i) {
    DicomAssociation association(at(listener.port()), kVerification);
    DIC_US status = 1;
    DcmDataset* detail = nullptr;
    association.require(
        DIMSE_echoUser(association.get(), association.next_message(), DIMSE_NONBLOCKING, 2, &status, &detail));
    EXPECT_EQ(status, STATUS_Success);
    association.release();
  }
}

TEST(DicomListener, RejectsWhatItDoesNotAccept) {
  const DicomListener listener("127.0.0.1", 0, limits(), service(false));
  EXPECT_THROW(DicomAssociation(at(listener.port()), kVerification), NetworkError);
}

TEST(DicomListener, AFailingAnswerCostsItsAssociation) {
  const DicomListener listener("127.0.0.1", 0, limits(), service(true));
  {
    DicomAssociation association(at(listener.port()), kVerification);
    T_DIMSE_Message cancel{};
    cancel.CommandField = DIMSE_C_CANCEL_RQ;
    cancel.msg.CCancelRQ.DataSetType = DIMSE_DATASET_NULL;
    DIMSE_sendMessageUsingMemoryData(association.get(), 1, &cancel, nullptr, nullptr, nullptr, nullptr);
    T_ASC_PresentationContextID context = 0;
    T_DIMSE_Message answer{};
    DcmDataset* detail = nullptr;
    EXPECT_THROW(
        association.require(DIMSE_receiveCommand(association.get(), DIMSE_NONBLOCKING, 2, &context, &answer, &detail)),
        NetworkError);
  }
  EXPECT_NO_THROW(DicomAssociation(at(listener.port()), kVerification).release());
}

TEST(DicomListener, AnAddressOfAnotherMachineIsAnError) {
  EXPECT_THROW(DicomListener("192.0.2.1", 0, limits(), service(true)), NetworkError);
  EXPECT_THROW(DicomListener("not an address", 0, limits(), service(true)), NetworkError);
}

}  // namespace
}  // namespace ctforge::io
