// What CT an archive holds: the questions asked of it, level by level (PS3.4 C.6.2), whatever protocol carries them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ctforge::io {

// Series of Modality CT, and those that label them where asked for. What is empty does not narrow the query.
struct DicomQuery {
  std::string dates;                         // of the study: "20200101", "20200101-20201231", "20200101-", "-20201231"
  std::string body_part;                     // BodyPartExamined
  std::vector<std::string> patients;         // PatientIDs, without the wildcards * ? and backslash
  std::vector<std::string> studies, series;  // UIDs
  bool labels = false;                       // segmentations and structure sets of the same studies, too
};

struct FoundObject {
  std::string object_uid;
  std::string sop_class;  // empty where the archive does not tell
};

struct FoundSeries {
  std::string patient_id, study_uid, series_uid;
  std::vector<FoundObject> objects;
  std::string modality = "CT";
};

enum class QueryLevel { Study, Series, Image };

// Values by the keyword of the attribute, one of kQueryAttributes; empty: the answer shall tell it.
using QueryRecord = std::map<std::string, std::string>;
// Puts one question to the archive and returns all answers. Throws NetworkError.
using AskArchive = std::function<std::vector<QueryRecord>(QueryLevel level, const QueryRecord& keys)>;

struct QueryAttribute {
  const char* keyword;
  std::uint16_t group, element;
};
inline constexpr QueryAttribute kQueryAttributes[] = {
    {"SOPClassUID", 0x0008, 0x0016}, {"SOPInstanceUID", 0x0008, 0x0018},    {"StudyDate", 0x0008, 0x0020},
    {"Modality", 0x0008, 0x0060},    {"ModalitiesInStudy", 0x0008, 0x0061}, {"BodyPartExamined", 0x0018, 0x0015},
    {"PatientID", 0x0010, 0x0020},   {"StudyInstanceUID", 0x0020, 0x000d},  {"SeriesInstanceUID", 0x0020, 0x000e},
};

// A value that an archive tells, as it is kept: one longer than any of these attributes has (64 characters, PS3.5 table
// 6.2-1) counts as absent, so that no number of records fills the memory.
std::string kept_value(std::string value);

// Throws std::invalid_argument for a keyword that is not in the table.
const QueryAttribute& query_attribute(const std::string& keyword);

// Studies, then their series, then their objects. What an archive answers beyond what was asked for is left out, since
// archives may ignore keys that they do not index: a study date or a body part that is told and differs, another
// patient, modality, study or series; series and body part are those of CT. Objects are of a class that goes with the
// modality (is_wanted_storage) where the archive tells classes. Sorted by series. Throws DataError(TooLarge) when there
// are more than `most` series or `most` objects.
std::vector<FoundSeries> find_series(const AskArchive& ask, const DicomQuery& query, std::int64_t most);

// What is fetched of each modality (PS3.4 B.5): CT Image Storage, Enhanced CT and Legacy Converted Enhanced CT of CT,
// Segmentation and Label Map Segmentation Storage of SEG, RT Structure Set Storage of RTSTRUCT; nothing of others.
const std::vector<std::string>& wanted_storage(const std::string& modality);
bool is_wanted_storage(const std::string& modality, const std::string& sop_class);

// Whether a date YYYYMMDD lies in a range as DicomQuery::dates has it.
bool date_within(const std::string& date, const std::string& range);

}  // namespace ctforge::io
