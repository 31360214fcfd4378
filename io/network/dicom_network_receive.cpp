// Streams data sets into files through DCMTK's storage provider.
#include "io/network/dicom_network_receive.h"

#include "io/dicom/dicom_syntax.h"

namespace ctforge::io {

namespace {

struct Incoming {
  SocketWatch& watch;
  int exchange_s;
  std::int64_t room;
  bool too_large = false;
};

void look_at_progress(void* data, T_DIMSE_StoreProgress* progress, T_DIMSE_C_StoreRQ*, char*, DcmDataset**,
                      T_DIMSE_C_StoreRSP*, DcmDataset**) {
  auto& incoming = *static_cast<Incoming*>(data);
  if (progress->progressBytes <= incoming.room) return;
  incoming.too_large = true;
  incoming.watch.cut();
}

}  // namespace

std::vector<ProposedContext> receiving_contexts() {
  std::vector<ProposedContext> contexts;
  for (const char* modality : {"SEG", "RTSTRUCT"})
    for (const std::string& sop_class : wanted_storage(modality)) {
      contexts.push_back({sop_class, native_syntaxes(), true});
      contexts.push_back({sop_class, {UID_DeflatedExplicitVRLittleEndianTransferSyntax}, true});
    }
  for (const std::string& sop_class : wanted_storage("CT")) {
    contexts.push_back({sop_class, native_syntaxes(), true});
    for (const char* syntax :
         {UID_BigEndianExplicitTransferSyntax, UID_DeflatedExplicitVRLittleEndianTransferSyntax,
          UID_JPEGProcess14SV1TransferSyntax, UID_JPEGProcess14TransferSyntax, UID_JPEGLSLosslessTransferSyntax,
          UID_JPEGLSLossyTransferSyntax, UID_JPEG2000LosslessOnlyTransferSyntax, UID_JPEG2000TransferSyntax,
          UID_RLELosslessTransferSyntax, UID_JPEGProcess1TransferSyntax, UID_JPEGProcess2_4TransferSyntax})
      contexts.push_back({sop_class, {syntax}, true});
  }
  return contexts;
}

StoreReceiver::StoreReceiver(const std::vector<FoundSeries>& wanted, DicomInbox& inbox) : inbox_(inbox) {
  for (const FoundSeries& series : wanted)
    for (const FoundObject& object : series.objects) wanted_[object.object_uid] = {&series, &object};
}

void StoreReceiver::receive(T_ASC_Association* association, T_ASC_PresentationContextID context,
                            T_DIMSE_C_StoreRQ& request, SocketWatch& watch, const DicomPeer& peer,
                            const std::function<void(const OFCondition&)>& require) {
  const auto found = wanted_.find(request.AffectedSOPInstanceUID);
  const bool unasked = found == wanted_.end();
  const bool known = !unasked && inbox_.holds(*found->second.first, *found->second.second);
  Incoming incoming{watch, peer.exchange_s, inbox_.room()};
  const auto receive_into = [&](const std::string& file) {
    watch.begin(peer.exchange_s);
    const OFCondition condition = DIMSE_storeProvider(association, context, &request, file.c_str(), OFTrue, nullptr,
                                                      look_at_progress, &incoming, DIMSE_NONBLOCKING, peer.silence_s);
    watch.begin(peer.exchange_s);
    if (incoming.too_large)
      throw DataError(Fault::TooLarge,
                      "the archive sends an object larger than the limit, or more than may be taken in");
    require(condition);
  };
  if (unasked || known) {
    receive_into(NULL_DEVICE_NAME);
    if (unasked) ++retrieval_.refused;
    return;
  }
  FoundObject announced = *found->second.second;
  announced.sop_class = request.AffectedSOPClassUID;
  try {
    inbox_.take(*found->second.first, announced, [&](const std::filesystem::path& part) { receive_into(part); });
    ++retrieval_.received;
  } catch (const DataError& error) {
    if (error.fault() != Fault::NotAsAnnounced && error.fault() != Fault::MalformedDicom) throw;
    ++retrieval_.refused;
  }
}

}  // namespace ctforge::io
