// Sharing out a tree of files among jobs that do not know of each other.
#pragma once

#include <cstdint>
#include <string>

namespace ctforge::io {

// One of `count` shares of a tree: of the entries `depth` folders below its root (1: those at the top), and of files
// above that, each belongs to one share with all that is below it. Which one follows from its path below the root
// alone, so that files that come later change nothing for the others.
struct TreeShare {
  std::int64_t index = 0, count = 1;
  std::int64_t depth = 1;
};

// Whether a file belongs to the share or a folder may hold files of it. relative: path below the root, with slashes.
bool in_share(const TreeShare& share, const std::string& relative, bool folder);

}  // namespace ctforge::io
