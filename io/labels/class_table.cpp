// Reading users' tables.
#include "io/labels/class_table.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

namespace ctforge::io {

namespace {

constexpr std::size_t kLargestTable = 16 << 20;

[[noreturn]] void refuse(std::int64_t line, const std::string& what) {
  throw DataError(Fault::InvalidTable, "table, line " + std::to_string(line) + ": " + what);
}

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_utf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

// Splits text into rows of fields, one character at a time.
class CsvParser {
 public:
  std::vector<TableRow> parse(const std::string& text) {
    for (std::size_t i = text.starts_with("\xef\xbb\xbf") ? 3 : 0; i < text.size(); ++i) {
      const char c = text[i];
      if (state_ == State::Quoted) {
        if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
          field_ += text[++i];
        } else if (c == '"') {
          state_ = State::Closed;
        } else {
          if (c == '\n') ++line_;
          field_ += c;
        }
      } else if (c == '\n' || c == '\r') {
        end_row();
        if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
        row_.line = ++line_;
      } else if (c == ',') {
        end_field();
      } else if (c == '"' && trimmed(field_).empty() && state_ == State::Plain) {
        field_.clear();
        state_ = State::Quoted;
      } else if (state_ == State::Closed) {
        if (c != ' ' && c != '\t') refuse(line_, "text after a closing quote");
      } else {
        field_ += c;
      }
    }
    if (state_ == State::Quoted) refuse(row_.line, "a quote that is not closed");
    end_row();
    return std::move(rows_);
  }

 private:
  enum class State { Plain, Quoted, Closed };

  void end_field() {
    if (!is_utf8(field_)) refuse(line_, "text that is not UTF-8: save the table as UTF-8");
    row_.fields.push_back(state_ == State::Closed ? field_ : trimmed(field_));
    any_quoted_ = any_quoted_ || state_ == State::Closed;
    field_.clear();
    state_ = State::Plain;
  }

  void end_row() {
    end_field();
    const bool empty = row_.fields.size() == 1 && row_.fields[0].empty() && !any_quoted_;
    const bool comment = row_.fields[0].starts_with('#') && !any_quoted_;
    if (!empty && !comment) rows_.push_back(row_);
    row_.fields.clear();
    any_quoted_ = false;
  }

  State state_ = State::Plain;
  std::int64_t line_ = 1;
  bool any_quoted_ = false;
  std::string field_;
  TableRow row_{1, {}};
  std::vector<TableRow> rows_;
};

std::int64_t slice_number(const TableRow& row, const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    refuse(row.line, "a slice that is no whole number from 0");
  return value;
}

std::vector<TableRow> rows_without_heading(const std::filesystem::path& path, const std::string& second) {
  std::vector<TableRow> rows = parse_csv(read_whole_file(path));
  if (!rows.empty() && rows[0].fields.size() >= 2 && rows[0].fields[0] == "name" && rows[0].fields[1] == second)
    rows.erase(rows.begin());
  if (rows.empty()) throw DataError(Fault::InvalidTable, "a table without rows");
  return rows;
}

}  // namespace

std::vector<TableRow> parse_csv(const std::string& text) {
  if (text.size() > kLargestTable) throw DataError(Fault::InvalidTable, "a table of more than 16 MB");
  return CsvParser().parse(text);
}

ClassTable::ClassTable(const std::filesystem::path& path) {
  for (const TableRow& row : rows_without_heading(path, "class")) add(row);
}

void ClassTable::add(const TableRow& row) {
  if (row.fields.size() != 2 && row.fields.size() != 4)
    refuse(row.line,
           std::to_string(row.fields.size()) + " fields where name,class[,first_slice,last_slice] is expected");
  if (row.fields[0].empty() || row.fields[1].empty()) refuse(row.line, "an empty name or class");
  const auto known = std::find(classes_.begin(), classes_.end(), row.fields[1]);
  Part part{static_cast<std::int32_t>(known - classes_.begin()), -1, -1};
  if (known == classes_.end()) classes_.push_back(row.fields[1]);
  if (row.fields.size() == 4 && !(row.fields[2].empty() && row.fields[3].empty())) {
    part.first = slice_number(row, row.fields[2]);
    part.last = slice_number(row, row.fields[3]);
    if (part.last < part.first) refuse(row.line, "a last slice before the first");
  }
  std::vector<Part>& parts = rows_[row.fields[0]];
  for (const Part& other : parts)
    if (part.first <= other.last && other.first <= part.last && (part.first < 0) == (other.first < 0))
      refuse(row.line, "a name whose slices another row holds already");
  parts.push_back(part);
}

bool ClassTable::by_slice(const std::string& name) const {
  const auto found = rows_.find(name);
  return found != rows_.end() &&
         std::any_of(found->second.begin(), found->second.end(), [](const Part& part) { return part.first >= 0; });
}

std::optional<std::int32_t> ClassTable::find(const std::string& name, std::int64_t slice) const {
  const auto found = rows_.find(name);
  if (found == rows_.end()) return std::nullopt;
  std::optional<std::int32_t> rest;
  for (const Part& part : found->second) {
    if (part.first < 0) rest = part.class_index;
    if (part.first >= 0 && part.first <= slice && slice <= part.last) return part.class_index;
  }
  return rest;
}

std::vector<std::string> ClassTable::names() const {
  std::vector<std::string> names;
  for (const auto& [name, parts] : rows_) names.push_back(name);
  return names;
}

std::map<std::string, std::string> read_name_table(const std::filesystem::path& path, const std::string& heading,
                                                   const std::vector<std::string>& allowed) {
  std::map<std::string, std::string> table;
  for (const TableRow& row : rows_without_heading(path, heading)) {
    if (row.fields.size() != 2 || row.fields[0].empty()) refuse(row.line, "name," + heading + " is expected");
    if (std::find(allowed.begin(), allowed.end(), row.fields[1]) == allowed.end())
      refuse(row.line, "a " + heading + " that is not known");
    if (!table.emplace(row.fields[0], row.fields[1]).second) refuse(row.line, "a name given twice");
  }
  return table;
}

}  // namespace ctforge::io
