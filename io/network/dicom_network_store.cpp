// Objects in the order of their presentation contexts, one C-STORE each.
#include "io/network/dicom_network_store.h"

#include "io/dicom/dicom_attributes.h"
#include "io/dicom/dicom_syntax.h"
#include "io/network/dicom_network_association.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::io {

namespace {

// Objects that one association carries, and its contexts.
struct Load {
  std::vector<ProposedContext> contexts;
  std::vector<std::pair<std::size_t, std::size_t>> objects;  // place in the list, place of its context
};

bool native(const std::string& syntax) { return is_native(find_transfer_syntax(syntax).encoding); }

std::vector<Load> loads_of(const std::vector<OutgoingObject>& objects) {
  std::vector<std::size_t> order(objects.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto kind = [&objects](std::size_t i) {
    return std::pair(objects[i].identity.sop_class, objects[i].identity.transfer_syntax);
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return kind(a) < kind(b); });
  std::vector<Load> loads;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto [sop_class, syntax] = kind(order[k]);
    const bool other = k == 0 || kind(order[k]) != kind(order[k - 1]);
    if (loads.empty() || (other && loads.back().contexts.size() == kMostContexts)) loads.emplace_back();
    Load& load = loads.back();
    if (other)
      load.contexts.push_back(
          {sop_class, native(syntax) ? native_syntaxes(syntax) : std::vector<std::string>{syntax}, false});
    load.objects.emplace_back(order[k], load.contexts.size() - 1);
  }
  return loads;
}

// The object as it is now: it may have been replaced since it was looked at.
void check_unchanged(DcmFileFormat& file, const OutgoingObject& object, bool real) {
  std::vector<Finding> ignored;
  const DicomAttributes data(*file.getDataset(), ignored);
  if (object.identity.sop_class != data.text(DCM_SOPClassUID) ||
      object.identity.object_uid != data.text(DCM_SOPInstanceUID))
    throw DataError(Fault::MalformedDicom, "a file has changed since it was looked at");
  if (!real && data.texts(DcmTagKey(0x0008, 0x001c)) != std::vector<std::string>{"YES"})
    throw DataError(Fault::NotSynthetic, "a file no longer says that it is synthetic: it was not sent");
}

void copy_uid(DIC_UI& to, const std::string& uid) { OFStandard::strlcpy(to, uid.c_str(), sizeof to); }

Delivery store_one(DicomAssociation& association, const OutgoingObject& object, std::size_t context, bool real) {
  const std::string agreed = association.accepted(context);
  if (agreed.empty()) return {Delivery::Outcome::Refused, "its class or encoding is not taken"};
  DcmFileFormat file;
  if (file.loadFile(OFFilename(object.file.c_str()), EXS_Unknown, EGL_noChange, DCM_MaxReadLength, ERM_fileOnly).bad())
    throw DataError(Fault::MalformedDicom, "a file cannot be read to its end");
  check_unchanged(file, object, real);
  if (!file.getDataset()->canWriteXfer(DcmXfer(agreed.c_str()).getXfer()))
    return {Delivery::Outcome::Refused, "it cannot be written in the encoding that is taken"};
  T_DIMSE_C_StoreRQ request{};
  T_DIMSE_C_StoreRSP response{};
  request.MessageID = association.next_message();
  copy_uid(request.AffectedSOPClassUID, object.identity.sop_class);
  copy_uid(request.AffectedSOPInstanceUID, object.identity.object_uid);
  request.Priority = DIMSE_PRIORITY_MEDIUM;
  DcmDataset* detail = nullptr;
  association.watch().begin(association.peer().exchange_s);
  const OFCondition condition =
      DIMSE_storeUser(association.get(), DicomAssociation::id_of(context), &request, nullptr, file.getDataset(),
                      nullptr, nullptr, DIMSE_NONBLOCKING, association.peer().silence_s, &response, &detail);
  association.watch().end();
  delete detail;
  association.require(condition);
  return {outcome_of_status(response.DimseStatus), status_text(response.DimseStatus)};
}

}  // namespace

Delivery::Outcome outcome_of_status(std::uint16_t status) {
  if (status == 0 || (status & 0xF000U) == 0xB000U || status == 0x0001 || status == 0x0107 || status == 0x0116)
    return Delivery::Outcome::Arrived;
  if (status == 0x0111) return Delivery::Outcome::Known;  // duplicate SOP instance
  const bool short_of_something = (status & 0xFF00U) == 0xA700U || status == 0x0213 || status == 0x0110;
  return short_of_something ? Delivery::Outcome::Postponed : Delivery::Outcome::Refused;
}

void store_objects(const DicomPeer& peer, const std::vector<OutgoingObject>& objects, bool real,
                   const std::function<void(std::size_t object, const Delivery& delivery)>& tell) {
  for (const Load& load : loads_of(objects)) {
    DicomAssociation association(peer, load.contexts);
    for (const auto& [object, context] : load.objects) {
      if (peer.interrupted()) return;
      tell(object, store_one(association, objects[object], context, real));
    }
    association.release();
  }
}

}  // namespace ctforge::io
