#include "tests/io/network/archive_support.h"

#include "io/dicom/dicom_attributes.h"
#include "io/dicom/dicom_write.h"
#include "tests/support/support.h"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ctforge::test {

namespace {

constexpr int kWait_s = 5;

std::string text(DcmDataset& data, const DcmTagKey& tag) {
  OFString value;
  data.findAndGetOFStringArray(tag, value);
  return value.c_str();
}

void require(const OFCondition& condition) {
  if (condition.bad()) throw std::runtime_error(condition.text());
}

std::unique_ptr<DcmDataset> receive_identifier(T_ASC_Association& association) {
  T_ASC_PresentationContextID context = 0;
  DcmDataset* data = nullptr;
  require(DIMSE_receiveDataSetInMemory(&association, DIMSE_NONBLOCKING, kWait_s, &context, &data, nullptr, nullptr));
  return std::unique_ptr<DcmDataset>(data);
}

bool listed(const std::string& list, const std::string& value) {
  return list.empty() || ("\\" + list + "\\").find("\\" + value + "\\") != std::string::npos;
}

// A data set of about so many bytes; none where there are none.
std::unique_ptr<DcmDataset> list_of(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  auto list = std::make_unique<DcmDataset>();
  list->putAndInsertString(DCM_TextValue, std::string(bytes, 'x').c_str());
  return list;
}

bool send_object(T_ASC_Association& association, DcmDataset& data, const std::string& announced) {
  T_DIMSE_C_StoreRQ request{};
  T_DIMSE_C_StoreRSP response{};
  request.MessageID = association.nextMsgID++;
  OFStandard::strlcpy(request.AffectedSOPClassUID, text(data, DCM_SOPClassUID).c_str(), 65);
  OFStandard::strlcpy(request.AffectedSOPInstanceUID, announced.c_str(), 65);
  const auto context = ASC_findAcceptedPresentationContextID(&association, request.AffectedSOPClassUID);
  if (context == 0) return false;
  DcmDataset* detail = nullptr;
  require(DIMSE_storeUser(&association, context, &request, nullptr, &data, nullptr, nullptr, DIMSE_NONBLOCKING, kWait_s,
                          &response, &detail));
  delete detail;
  return response.DimseStatus == STATUS_STORE_Success;
}

}  // namespace

TestArchive::TestArchive(ArchiveBehaviour how)
    : behaviour(std::move(how)),
      listener_("127.0.0.1", 0,
                {.called = "", .calling = "", .tls = behaviour.tls, .silence_s = kWait_s, .exchange_s = 20},
                {[this](T_ASC_Association& association) { return negotiate(association); },
                 [this](T_ASC_Association& association, T_ASC_PresentationContextID context, T_DIMSE_Message& message,
                        io::SocketWatch& watch) { answer(association, context, message, watch); }}) {}

io::DicomPeer TestArchive::peer() const {
  return {.host = "127.0.0.1",
          .port = port(),
          .called = "ARCHIVE",
          .calling = "CTFORGE",
          .silence_s = kWait_s,
          .exchange_s = 20};
}

void TestArchive::put(const std::filesystem::path& file) {
  DcmFileFormat format;
  require(format.loadFile(file.c_str()));
  format.loadAllDataIntoMemory();
  std::unique_ptr<DcmDataset> data(format.getAndRemoveDataset());
  const std::lock_guard lock(mutex_);
  objects_[text(*data, DCM_SOPInstanceUID)] = std::move(data);
}

void TestArchive::forget(const std::string& object_uid) {
  const std::lock_guard lock(mutex_);
  objects_.erase(object_uid);
}

std::vector<std::string> TestArchive::stored() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> uids;
  for (const auto& [uid, data] : objects_) uids.push_back(uid);
  return uids;
}

bool TestArchive::negotiate(T_ASC_Association& association) {
  char calling[64], called[64], responding[64];
  ASC_getAPTitles(association.params, calling, 64, called, 64, responding, 64);
  if (called != behaviour.title) return false;
  ++associations_;
  contexts_ = ASC_countPresentationContexts(association.params);
  for (int i = 0; i < contexts_; ++i) {
    T_ASC_PresentationContext context{};
    ASC_getPresentationContext(association.params, i, &context);
    const std::string abstract = context.abstractSyntax;
    if (abstract == UID_GETStudyRootQueryRetrieveInformationModel && !behaviour.offers_get) continue;
    ASC_acceptPresentationContext(association.params, context.presentationContextID,
                                  context.proposedTransferSyntaxes[0], context.proposedRole);
  }
  return true;
}

void TestArchive::answer(T_ASC_Association& association, T_ASC_PresentationContextID context, T_DIMSE_Message& message,
                         io::SocketWatch& watch) {
  if (message.CommandField == DIMSE_C_STORE_RQ) return store(association, context, message.msg.CStoreRQ, watch);
  if (message.CommandField == DIMSE_C_FIND_RQ) return find(association, context, message.msg.CFindRQ);
  if (message.CommandField == DIMSE_C_GET_RQ) return get(association, context, message.msg.CGetRQ, watch);
  if (message.CommandField == DIMSE_C_MOVE_RQ) return move(association, context, message.msg.CMoveRQ);
  throw std::runtime_error("not a service of the test's archive");
}

void TestArchive::store(T_ASC_Association& association, T_ASC_PresentationContextID, T_DIMSE_C_StoreRQ& request,
                        io::SocketWatch& watch) {
  if (behaviour.dies_after == 0) {
    behaviour.dies_after = -1;
    watch.cut();
    throw std::runtime_error("dead");
  }
  T_ASC_PresentationContextID context = 0;
  DcmDataset* data = nullptr;
  watch.expect(io::SocketWatch::kAnyBytes);
  require(DIMSE_receiveDataSetInMemory(&association, DIMSE_NONBLOCKING, kWait_s, &context, &data, nullptr, nullptr));
  std::unique_ptr<DcmDataset> owned(data);
  ++deliveries_;
  const std::string uid = request.AffectedSOPInstanceUID;
  T_DIMSE_C_StoreRSP response{};
  response.MessageIDBeingRespondedTo = request.MessageID;
  response.DataSetType = DIMSE_DATASET_NULL;
  if (behaviour.refused.contains(uid)) response.DimseStatus = 0xC000;
  if (behaviour.busy_once.erase(uid) > 0) response.DimseStatus = 0xA700;
  if (response.DimseStatus == 0) {
    const std::lock_guard lock(mutex_);
    objects_[uid] = std::move(owned);
    if (behaviour.dies_after > 0) --behaviour.dies_after;
  }
  DcmDataset detail;
  detail.putAndInsertString(DCM_ErrorComment, behaviour.comment.c_str());
  require(DIMSE_sendStoreResponse(&association, context, &request, &response,
                                  response.DimseStatus == 0 ? nullptr : &detail));
}

std::vector<DcmDataset*> TestArchive::matching(DcmDataset& identifier) {
  std::vector<DcmDataset*> found;
  const std::lock_guard lock(mutex_);
  for (const auto& [uid, data] : objects_) {
    bool matches = listed(text(identifier, DCM_SOPInstanceUID), uid);
    for (const DcmTagKey& tag : {DCM_StudyInstanceUID, DCM_SeriesInstanceUID, DCM_PatientID, DCM_BodyPartExamined})
      matches = matches && listed(text(identifier, tag), text(*data, tag));
    if (matches) found.push_back(data.get());
  }
  return found;
}

void TestArchive::find(T_ASC_Association& association, T_ASC_PresentationContextID context,
                       const T_DIMSE_C_FindRQ& request) {
  ++queries_;
  const std::unique_ptr<DcmDataset> identifier = receive_identifier(association);
  const std::string level = text(*identifier, DCM_QueryRetrieveLevel);
  const DcmTagKey unique = level == "STUDY"    ? DCM_StudyInstanceUID
                           : level == "SERIES" ? DCM_SeriesInstanceUID
                                               : DCM_SOPInstanceUID;
  std::set<std::string> told;
  T_DIMSE_C_FindRSP response{};
  response.MessageIDBeingRespondedTo = request.MessageID;
  response.DimseStatus = STATUS_FIND_Pending_MatchesAreContinuing;
  response.DataSetType = DIMSE_DATASET_PRESENT;
  for (DcmDataset* data : matching(*identifier)) {
    if (!told.insert(text(*data, unique)).second) continue;
    DcmDataset reply;
    for (unsigned long i = 0; i < identifier->card(); ++i) {
      const DcmTag tag = identifier->getElement(i)->getTag();
      const std::string value = tag == DCM_QueryRetrieveLevel ? level : text(*data, tag);
      reply.putAndInsertString(tag, value.c_str());
    }
    if (behaviour.identifier_bytes > 0)
      reply.putAndInsertString(DCM_TextValue, std::string(behaviour.identifier_bytes, 'x').c_str());
    require(DIMSE_sendFindResponse(&association, context, &request, &response, &reply, nullptr));
  }
  response.DimseStatus = STATUS_FIND_Success_MatchingIsComplete;
  response.DataSetType = DIMSE_DATASET_NULL;
  require(DIMSE_sendFindResponse(&association, context, &request, &response, nullptr, nullptr));
}

void TestArchive::get(T_ASC_Association& association, T_ASC_PresentationContextID context,
                      const T_DIMSE_C_GetRQ& request, io::SocketWatch& watch) {
  const std::unique_ptr<DcmDataset> identifier = receive_identifier(association);
  bool all = true;
  watch.expect(io::SocketWatch::kAnyBytes);  // the answers to each object
  const std::vector<DcmDataset*> found = matching(*identifier);
  for (int i = 0; i < behaviour.strays; ++i) send_object(association, *found.at(0), "1.2.3." + std::to_string(i));
  for (DcmDataset* data : found) {
    if (behaviour.dies_after == 0) {
      behaviour.dies_after = -1;
      watch.cut();
    }
    const std::string uid = text(*data, DCM_SOPInstanceUID);
    if (behaviour.lies) data->putAndInsertString(DCM_SOPInstanceUID, "1.2.3.4");
    all = send_object(association, *data, uid) && all;
    if (behaviour.dies_after > 0) --behaviour.dies_after;
  }
  T_DIMSE_C_GetRSP response{};
  response.MessageIDBeingRespondedTo = request.MessageID;
  response.DimseStatus = STATUS_GET_Pending_SubOperationsAreContinuing;
  response.DataSetType = DIMSE_DATASET_NULL;
  for (int i = 0; i < behaviour.pending; ++i)
    require(DIMSE_sendGetResponse(&association, context, &request, &response, nullptr, nullptr));
  const auto list = list_of(behaviour.list_bytes);
  response.DimseStatus = all && !list ? STATUS_GET_Success : STATUS_GET_Warning_SubOperationsCompleteOneOrMoreFailures;
  response.DataSetType = list ? DIMSE_DATASET_PRESENT : DIMSE_DATASET_NULL;
  require(DIMSE_sendGetResponse(&association, context, &request, &response, list.get(), nullptr));
}

void TestArchive::move(T_ASC_Association& association, T_ASC_PresentationContextID context,
                       const T_DIMSE_C_MoveRQ& request) {
  const std::unique_ptr<DcmDataset> identifier = receive_identifier(association);
  T_DIMSE_C_MoveRSP response{};
  response.MessageIDBeingRespondedTo = request.MessageID;
  response.DataSetType = DIMSE_DATASET_NULL;
  if (behaviour.destination_port == 0) {
    response.DimseStatus = STATUS_MOVE_Refused_MoveDestinationUnknown;
  } else {
    io::DicomPeer destination = peer();
    destination.port = behaviour.destination_port;
    destination.called = request.MoveDestination;
    io::DicomAssociation sending(destination, {{UID_CTImageStorage, io::native_syntaxes(), false}});
    for (DcmDataset* data : matching(*identifier)) send_object(*sending.get(), *data, text(*data, DCM_SOPInstanceUID));
    sending.release();
  }
  const DIC_US last = response.DimseStatus;
  response.DimseStatus = STATUS_MOVE_Pending_SubOperationsAreContinuing;
  for (int i = 0; i < behaviour.pending; ++i)
    require(DIMSE_sendMoveResponse(&association, context, &request, &response, nullptr, nullptr));
  const auto list = list_of(behaviour.list_bytes);
  response.DimseStatus = list ? STATUS_MOVE_Warning_SubOperationsCompleteOneOrMoreFailures : last;
  response.DataSetType = list ? DIMSE_DATASET_PRESENT : DIMSE_DATASET_NULL;
  require(DIMSE_sendMoveResponse(&association, context, &request, &response, list.get(), nullptr));
}

SilentPort::SilentPort() {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  if (::bind(socket_, reinterpret_cast<sockaddr*>(&place), size) != 0 || ::listen(socket_, 8) != 0 ||
      ::getsockname(socket_, reinterpret_cast<sockaddr*>(&place), &size) != 0)
    throw std::runtime_error("no port to be silent on");
  port_ = ntohs(place.sin_port);
}

SilentPort::~SilentPort() { ::close(socket_); }

FileSizeLimit::FileSizeLimit(std::uintmax_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
  ::getrlimit(RLIMIT_FSIZE, &before_);
  const rlimit small = {bytes, before_.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
}

FileSizeLimit::~FileSizeLimit() {
  ::setrlimit(RLIMIT_FSIZE, &before_);
  ::signal(SIGXFSZ, handler_);
}

void make_certificates(const std::filesystem::path& folder) {
  write_file(folder / "names.cnf", "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  std::string script = "cd '" + folder.string() + "' && exec >openssl.log 2>&1 && set -e\n";
  for (const char* authority : {"authority", "stranger"})
    script += std::string("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=") + authority + " -keyout " +
              authority + ".key -out " + authority + ".pem\n";
  for (const char* name : {"server", "client"})
    script += std::string("openssl req -newkey rsa:2048 -nodes -subj /CN=") + name + " -keyout " + name +
              ".key -out request.pem\nopenssl x509 -req -days 2 -in request.pem -CA authority.pem -CAkey authority.key "
              "-CAcreateserial -extfile names.cnf -out " +
              name + ".pem\n";
  if (std::system(script.c_str()) != 0) throw std::runtime_error("openssl makes no certificates");
}

std::vector<std::filesystem::path> write_objects(const std::filesystem::path& folder, int count) {
  io::Volume volume;
  volume.geometry = {.size = {4, 4, count}, .spacing_mm = {1, 1, 1}};
  volume.hu.resize(static_cast<std::size_t>(16 * count), 40);
  return io::write_ct_series(folder, volume,
                             {.patient_id = "SYN-1", .body_part = "CHEST", .description = "", .uid_seed = "1"});
}

}  // namespace ctforge::test
