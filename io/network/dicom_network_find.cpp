// Query identifiers to and from DCMTK's data sets.
#include "io/network/dicom_network_find.h"

#include "io/dicom/dicom_attributes.h"
#include "io/network/dicom_network_association.h"

#include <utility>

namespace ctforge::io {

namespace {

const char* level_name(QueryLevel level) {
  return level == QueryLevel::Study ? "STUDY" : level == QueryLevel::Series ? "SERIES" : "IMAGE";
}

DcmTagKey tag_of(const std::string& keyword) {
  const QueryAttribute& attribute = query_attribute(keyword);
  return {attribute.group, attribute.element};
}

struct Answers {
  const QueryRecord& keys;
  std::int64_t most;
  DicomAssociation& association;
  std::vector<QueryRecord> records;
  bool too_many = false;
};

void take_answer(void* data, T_DIMSE_C_FindRQ*, int count, T_DIMSE_C_FindRSP*, DcmDataset* identifiers) {
  auto& answers = *static_cast<Answers*>(data);
  answers.association.watch().begin(answers.association.peer().exchange_s);
  if (count > answers.most) {
    answers.too_many = true;
    answers.association.watch().cut();
    return;
  }
  if (identifiers == nullptr) return;
  std::vector<Finding> ignored;
  const DicomAttributes attributes(*identifiers, ignored);
  QueryRecord record;
  for (const auto& [keyword, asked] : answers.keys) record[keyword] = kept_value(attributes.text(tag_of(keyword)));
  answers.records.push_back(std::move(record));
}

std::vector<QueryRecord> find(DicomAssociation& association, QueryLevel level, const QueryRecord& keys,
                              std::int64_t most) {
  DcmDataset identifiers;
  identifiers.putAndInsertString(DCM_QueryRetrieveLevel, level_name(level));
  for (const auto& [keyword, value] : keys) identifiers.putAndInsertString(DcmTag(tag_of(keyword)), value.c_str());
  T_DIMSE_C_FindRQ request{};
  T_DIMSE_C_FindRSP response{};
  request.MessageID = association.next_message();
  OFStandard::strlcpy(request.AffectedSOPClassUID, UID_FINDStudyRootQueryRetrieveInformationModel,
                      sizeof request.AffectedSOPClassUID);
  Answers answers{keys, most, association, {}};
  DcmDataset* detail = nullptr;
  int count = 0;
  association.watch().begin(association.peer().exchange_s);
  const OFCondition condition =
      DIMSE_findUser(association.get(), DicomAssociation::id_of(0), &request, &identifiers, count, take_answer,
                     &answers, DIMSE_NONBLOCKING, association.peer().silence_s, &response, &detail);
  association.watch().end();
  delete detail;
  if (answers.too_many)
    throw DataError(Fault::TooLarge, "the archive's answer has more than " + std::to_string(most) +
                                         " records, the limit: narrow the query or raise the limit");
  association.require(condition);
  if (response.DimseStatus != STATUS_FIND_Success_MatchingIsComplete)
    throw NetworkError(Fault::RefusedByPeer,
                       "the archive does not answer the query: status " + status_text(response.DimseStatus),
                       (response.DimseStatus & 0xFF00U) == 0xA700U);
  return std::move(answers.records);
}

}  // namespace

void with_archive(const DicomPeer& peer, std::int64_t most, const std::function<void(const AskArchive& ask)>& use) {
  DicomAssociation association(peer, {{UID_FINDStudyRootQueryRetrieveInformationModel, native_syntaxes(), false}});
  use([&](QueryLevel level, const QueryRecord& keys) { return find(association, level, keys, most); });
  association.release();
}

}  // namespace ctforge::io
