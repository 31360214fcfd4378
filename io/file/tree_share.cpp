// The share of an entry, by a digest of its path.
#include "io/file/tree_share.h"

#include "io/file/digest.h"

#include <algorithm>

namespace ctforge::io {

bool in_share(const TreeShare& share, const std::string& relative, bool folder) {
  if (share.count == 1) return true;
  const auto parts = std::count(relative.begin(), relative.end(), '/') + 1;
  if (folder && parts < share.depth) return true;
  std::string owner = relative;
  if (parts > share.depth) {
    std::size_t end = 0;
    for (std::int64_t i = 0; i < share.depth; ++i) end = relative.find('/', i == 0 ? 0 : end + 1);
    owner.resize(end);
  }
  const std::uint64_t number = std::stoull(sha256_hex(owner).substr(0, 15), nullptr, 16);
  return number % static_cast<std::uint64_t>(share.count) == static_cast<std::uint64_t>(share.index);
}

}  // namespace ctforge::io
