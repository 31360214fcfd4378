// File name patterns with *, as users write them for images and label maps.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ctforge::io {

struct PatternMatch {
  std::vector<std::string> stars;  // what each * matched
  std::string folder;              // of the file below the root, where the pattern has no slash; else empty

  // The patient's name: the folder and what the first * matched; the whole file name without a *.
  std::string name;
};

// path: below the scanned folder, with slashes. A pattern without a slash is compared with the file's name only.
// * matches one or more characters but no slash; the first * as few as possible. At the end of a pattern it leaves out
// the extension of a volume file, so that "*" and "*_seg.nii.gz" go together.
std::optional<PatternMatch> match_pattern(std::string_view pattern, const std::string& path);

// The path below the scanned folder that the pattern means for a match of another one: its n-th * filled with what the
// n-th * matched there (the last one repeated where there are too few).
std::string fill_pattern(std::string_view pattern, const PatternMatch& match);

// The extension by which a volume file is known (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd"), in lower case
// whatever the case of the name; empty for other files.
std::string_view volume_extension(std::string_view file_name);

}  // namespace ctforge::io
