// The walk from studies to objects, and the filter of answers.
#include "io/network/dicom_query.h"

#include "io/file/fault.h"

#include <algorithm>
#include <stdexcept>

namespace ctforge::io {

namespace {

std::string value(const QueryRecord& record, const char* keyword) {
  const auto found = record.find(keyword);
  return found == record.end() ? std::string() : found->second;
}

bool asked(const std::vector<std::string>& list, const std::string& one) {
  return list.empty() || std::find(list.begin(), list.end(), one) != list.end();
}

void require_few(std::int64_t found, std::int64_t most, const char* what) {
  if (found > most)
    throw DataError(Fault::TooLarge, "the query finds more than " + std::to_string(most) + " " + what +
                                         ", the limit: narrow it or raise the limit");
}

// The questions at the level of studies: one for each patient or study that is named.
std::vector<QueryRecord> study_questions(const DicomQuery& query) {
  const QueryRecord open = {
      {"StudyDate", query.dates}, {"ModalitiesInStudy", "CT"}, {"PatientID", ""}, {"StudyInstanceUID", ""}};
  std::vector<QueryRecord> questions;
  const auto add = [&](const char* keyword, const std::vector<std::string>& values) {
    for (const std::string& one : values) {
      questions.push_back(open);
      questions.back()[keyword] = one;
    }
  };
  if (!query.patients.empty())
    add("PatientID", query.patients);
  else if (!query.studies.empty())
    add("StudyInstanceUID", query.studies);
  else
    questions.push_back(open);
  return questions;
}

bool fits(const QueryRecord& study, const DicomQuery& query) {
  const std::string date = value(study, "StudyDate");
  return !value(study, "StudyInstanceUID").empty() && asked(query.patients, value(study, "PatientID")) &&
         asked(query.studies, value(study, "StudyInstanceUID")) && (date.empty() || date_within(date, query.dates));
}

std::vector<FoundSeries> series_of(const AskArchive& ask, const DicomQuery& query, const QueryRecord& study) {
  const std::string study_uid = value(study, "StudyInstanceUID");
  std::vector<FoundSeries> found;
  const auto add = [&](const std::string& modality, const std::string& body_part) {
    for (const QueryRecord& series : ask(QueryLevel::Series, {{"StudyInstanceUID", study_uid},
                                                              {"Modality", modality},
                                                              {"BodyPartExamined", body_part},
                                                              {"SeriesInstanceUID", ""}})) {
      const std::string uid = value(series, "SeriesInstanceUID"), part = value(series, "BodyPartExamined");
      const bool narrowed = modality == "CT" && !asked(query.series, uid);
      if (uid.empty() || value(series, "Modality") != modality || narrowed) continue;
      if (!body_part.empty() && !part.empty() && part != body_part) continue;
      found.push_back({value(study, "PatientID"), study_uid, uid, {}, modality});
    }
  };
  add("CT", query.body_part);
  if (found.empty() || !query.labels) return found;
  add("SEG", "");
  add("RTSTRUCT", "");
  return found;
}

void find_objects(const AskArchive& ask, FoundSeries& series) {
  for (const QueryRecord& object : ask(QueryLevel::Image, {{"StudyInstanceUID", series.study_uid},
                                                           {"SeriesInstanceUID", series.series_uid},
                                                           {"SOPInstanceUID", ""},
                                                           {"SOPClassUID", ""}})) {
    const FoundObject one = {value(object, "SOPInstanceUID"), value(object, "SOPClassUID")};
    if (!one.object_uid.empty() && (one.sop_class.empty() || is_wanted_storage(series.modality, one.sop_class)))
      series.objects.push_back(one);
  }
}

}  // namespace

std::string kept_value(std::string value) {
  constexpr std::size_t longest = 1024;  // bytes: characters may have several, and lists several values
  if (value.size() > longest) value.clear();
  return value;
}

const QueryAttribute& query_attribute(const std::string& keyword) {
  for (const QueryAttribute& attribute : kQueryAttributes)
    if (keyword == attribute.keyword) return attribute;
  throw std::invalid_argument("an attribute that is not asked for: " + keyword);
}

std::vector<FoundSeries> find_series(const AskArchive& ask, const DicomQuery& query, std::int64_t most) {
  std::map<std::string, FoundSeries> found;  // by series UID
  for (const QueryRecord& question : study_questions(query))
    for (const QueryRecord& study : ask(QueryLevel::Study, question)) {
      if (!fits(study, query)) continue;
      for (FoundSeries& series : series_of(ask, query, study)) found.emplace(series.series_uid, std::move(series));
      require_few(static_cast<std::int64_t>(found.size()), most, "series");
    }
  std::vector<FoundSeries> all;
  std::int64_t objects = 0;
  for (auto& [uid, series] : found) {
    find_objects(ask, series);
    objects += static_cast<std::int64_t>(series.objects.size());
    require_few(objects, most, "objects");
    all.push_back(std::move(series));
  }
  return all;
}

const std::vector<std::string>& wanted_storage(const std::string& modality) {
  static const std::map<std::string, std::vector<std::string>> classes = {
      {"CT", {"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"}},
      {"SEG", {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}},
      {"RTSTRUCT", {"1.2.840.10008.5.1.4.1.1.481.3"}}};
  static const std::vector<std::string> none;
  const auto found = classes.find(modality);
  return found == classes.end() ? none : found->second;
}

bool is_wanted_storage(const std::string& modality, const std::string& sop_class) {
  const std::vector<std::string>& classes = wanted_storage(modality);
  return std::find(classes.begin(), classes.end(), sop_class) != classes.end();
}

bool date_within(const std::string& date, const std::string& range) {
  if (range.empty()) return true;
  const std::size_t dash = range.find('-');
  if (dash == std::string::npos) return date == range;
  const std::string first = range.substr(0, dash), last = range.substr(dash + 1);
  return (first.empty() || date >= first) && (last.empty() || date <= last);
}

}  // namespace ctforge::io
