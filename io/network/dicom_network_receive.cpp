// Streams data sets into files, as they come.
#include "io/network/dicom_network_receive.h"

#include <limits>
#include <memory>
#include <string_view>

#include <dcmtk/dcmdata/dcostrma.h>
#include <dcmtk/dcmdata/dcostrmf.h>

namespace ctforge::io {

namespace {

// Objects that nobody asked for cost no waiting, as answers that it goes on do: fewer of them are enough.
constexpr std::int64_t kObjectsBesides = 100;

// Where DCMTK puts the bytes of a data set: into a file, or nowhere. Beyond `room` bytes, or when they cannot be
// written, the connection is cut.
class DataSetSink : public DcmConsumer {
 public:
  DataSetSink(InboxFile* file, std::int64_t room, SocketWatch& watch) : file_(file), room_(room), watch_(watch) {}

  OFBool good() const override { return failure_ == nullptr; }
  OFCondition status() const override { return good() ? EC_Normal : EC_InvalidStream; }
  OFBool isFlushed() const override { return OFTrue; }
  offile_off_t avail() const override { return std::numeric_limits<offile_off_t>::max(); }
  void flush() override {}
  offile_off_t write(const void* bytes, offile_off_t count) override {
    try {
      room_ -= count;
      if (room_ < 0)
        throw DataError(Fault::TooLarge,
                        "the archive sends an object larger than the limit, or more than may be taken in");
      if (file_ != nullptr) file_->write({static_cast<const char*>(bytes), static_cast<std::size_t>(count)});
      return count;
    } catch (...) {
      failure_ = std::current_exception();
      watch_.cut();
      return 0;
    }
  }
  // Throws what stopped it.
  void require() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  InboxFile* file_;
  std::int64_t room_;
  SocketWatch& watch_;
  std::exception_ptr failure_;
};

class SinkStream : public DcmOutputStream {
 public:
  explicit SinkStream(DataSetSink& sink) : DcmOutputStream(&sink) {}
};

// The file's beginning (PS3.10 7.1). Where it does not reach the disk the inbox finds no DICOM object.
void write_meta_information(const std::filesystem::path& part, const T_ASC_Association* association,
                            T_ASC_PresentationContextID context, const T_DIMSE_C_StoreRQ& request,
                            const StoreReceiver::Require& require) {
  DcmOutputFileStream* stream = nullptr;
  const OFCondition condition = DIMSE_createFilestream(part.c_str(), &request, association, context, OFTrue, &stream);
  const std::unique_ptr<DcmOutputFileStream> closed(stream);
  require(condition);
}

}  // namespace

std::vector<ProposedContext> receiving_contexts() {
  std::vector<ProposedContext> contexts;
  const auto add = [&contexts](const char* modality, const std::vector<const char*>& syntaxes) {
    for (const std::string& sop_class : wanted_storage(modality)) {
      contexts.push_back({sop_class, native_syntaxes(), true});
      contexts.push_back({sop_class, {UID_DeflatedExplicitVRLittleEndianTransferSyntax}, true});
      for (const char* syntax : syntaxes) contexts.push_back({sop_class, {syntax}, true});
    }
  };
  std::vector<const char*> compressed = {UID_JPEGProcess14SV1TransferSyntax, UID_JPEGProcess14TransferSyntax,
                                         UID_JPEGLSLosslessTransferSyntax, UID_JPEG2000LosslessOnlyTransferSyntax,
                                         UID_RLELosslessTransferSyntax};
  add("SEG", compressed);
  add("RTSTRUCT", {});
  compressed.insert(compressed.end(),
                    {UID_BigEndianExplicitTransferSyntax, UID_JPEGLSLossyTransferSyntax, UID_JPEG2000TransferSyntax,
                     UID_JPEGProcess1TransferSyntax, UID_JPEGProcess2_4TransferSyntax});
  add("CT", compressed);
  return contexts;
}

StoreReceiver::StoreReceiver(const std::vector<FoundSeries>& wanted, DicomInbox& inbox)
    : wanted_(objects_of(wanted)), inbox_(inbox), answers_(wanted_.size(), kObjectsBesides) {}

StoreReceiver::Objects StoreReceiver::objects_of(const std::vector<FoundSeries>& wanted) {
  Objects objects;
  for (const FoundSeries& series : wanted)
    for (const FoundObject& object : series.objects) objects[object.object_uid] = {&series, &object};
  return objects;
}

void StoreReceiver::receive(T_ASC_Association* association, T_ASC_PresentationContextID context,
                            T_DIMSE_C_StoreRQ& request, SocketWatch& watch, const DicomPeer& peer,
                            const Require& require) {
  answers_.add();
  const auto found = wanted_.find(request.AffectedSOPInstanceUID);
  const bool unasked = found == wanted_.end();
  const bool known = !unasked && inbox_.holds(*found->second.first, *found->second.second);
  const std::int64_t room = inbox_.room();
  const auto receive_into = [&](InboxFile* file) {
    DataSetSink sink(file, room, watch);
    SinkStream stream(sink);
    T_ASC_PresentationContextID of_data = 0;
    watch.begin(peer.exchange_s);
    watch.expect(SocketWatch::kAnyBytes);
    const OFCondition condition =
        DIMSE_receiveDataSetInFile(association, DIMSE_NONBLOCKING, peer.silence_s, &of_data, &stream, nullptr, nullptr);
    watch.begin(peer.exchange_s);
    sink.require();
    require(condition);
    if (of_data != context)
      throw NetworkError(Fault::Unreachable, "the archive sends an object in another way than it said", true);
  };
  const auto write = [&](const std::filesystem::path& part) {
    InboxFile file(part);
    write_meta_information(part, association, context, request, require);
    receive_into(&file);
    file.close();
  };
  if (unasked || known) {
    receive_into(nullptr);
    if (unasked) ++retrieval_.refused;
  } else {
    FoundObject announced = *found->second.second;
    announced.sop_class = request.AffectedSOPClassUID;
    take(*found->second.first, announced, write);
  }
  T_DIMSE_C_StoreRSP response{};
  require(DIMSE_sendStoreResponse(association, context, &request, &response, nullptr));
}

void StoreReceiver::take(const FoundSeries& series, const FoundObject& object,
                         const std::function<void(const std::filesystem::path& part)>& write) {
  try {
    inbox_.take(series, object, write);
    ++retrieval_.received;
  } catch (const NetworkError&) {
    throw;
  } catch (const DataError& error) {
    if (!is_of_one_object(error)) throw;
    ++retrieval_.refused;
  }
}

}  // namespace ctforge::io
