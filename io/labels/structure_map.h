// Which label a structure of a DICOM SEG or RTSTRUCT becomes, by the name its site gave it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ctforge::io {

class StructureMap {
 public:
  // name: as structures are called, in UTF-8; each * stands for any characters, or none. label 0: left out.
  void add(const std::string& name, std::uint8_t label);
  // Takes every structure, as label 0: to list them.
  static StructureMap all();

  // Compared without blanks and without regard to the case of the letters A to Z. A name without * comes first, then
  // patterns in the order in which they were added. Empty: the map does not name it.
  std::optional<std::uint8_t> find(std::string_view name) const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    std::string name;  // as compared
    std::uint8_t label;
  };
  std::vector<Entry> entries_;
};

}  // namespace ctforge::io
