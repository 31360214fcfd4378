// The slices of a CT by their SOPInstanceUIDs, to which SEG frames and RTSTRUCT contours refer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ctforge::io {

class LabelSlices {
 public:
  LabelSlices() = default;
  // files: of the slices in order; read in the child process only. Throws DataError(Unreadable).
  explicit LabelSlices(std::span<const std::string> files);
  // Throws DataError(LabelMismatch) when some of the images are slices here, and none of them is this one. Images that
  // are no slices here say nothing.
  void expect(const std::vector<std::string>& uids, std::int64_t slice) const;

 private:
  std::map<std::string, std::int64_t> slices_;
};

}  // namespace ctforge::io
