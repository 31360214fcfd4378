// Tables users give as CSV: the class of each series or part of it, and the split of each patient.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ctforge::io {

// Fields of comma-separated text (RFC 4180: quotes, doubled quotes, line breaks within quotes; CRLF or LF), blanks
// round unquoted fields removed, empty lines and lines that begin with # left out.
struct TableRow {
  std::int64_t line = 0;  // of the file, from 1
  std::vector<std::string> fields;
};
// Throws DataError(InvalidTable) for an unclosed quote, text after a closing quote, or more than 16 MB.
std::vector<TableRow> parse_csv(const std::string& text);

// name,class[,first_slice,last_slice]: a first row of these names is skipped. Slices count from 0 at the feet in the
// series as it was scanned, in axial order, both ends included; a row without them is for all slices that no other row
// of that name holds.
class ClassTable {
 public:
  // Throws DataError(InvalidTable), naming the line but no name in it, for rows of other lengths, empty names or
  // classes, slices that are no numbers, and ranges of one name that overlap.
  explicit ClassTable(const std::filesystem::path& path);

  // In the order in which they first appear.
  const std::vector<std::string>& classes() const { return classes_; }
  bool has(const std::string& name) const { return rows_.contains(name); }
  // Whether the class of a series depends on the slice.
  bool by_slice(const std::string& name) const;
  // Index into classes(); empty when the table has none for it.
  std::optional<std::int32_t> find(const std::string& name, std::int64_t slice) const;
  // Names in the table.
  std::vector<std::string> names() const;

 private:
  struct Part {
    std::int32_t class_index;
    std::int64_t first, last;  // -1: all slices
  };
  void add(const TableRow& row);
  std::vector<std::string> classes_;
  std::map<std::string, std::vector<Part>> rows_;
};

// name,value rows with a possible first row of these headings, as used for splits. Throws DataError(InvalidTable) for
// other row lengths, values that are not allowed, and names given twice.
std::map<std::string, std::string> read_name_table(const std::filesystem::path& path, const std::string& heading,
                                                   const std::vector<std::string>& allowed);

}  // namespace ctforge::io
