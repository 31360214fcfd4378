// Matching and filling of patterns with *.
#include "io/file/file_pattern.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace ctforge::io {

namespace {

// Backtracking over the stars, leftmost shortest first; file paths are short.
bool match_here(std::string_view pattern, std::string_view text, std::vector<std::string>& stars) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() != '*')
    return !text.empty() && text.front() == pattern.front() && match_here(pattern.substr(1), text.substr(1), stars);
  const std::size_t longest = std::min(text.find('/'), text.size());
  for (std::size_t length = 1; length <= longest; ++length) {
    stars.emplace_back(text.substr(0, length));
    if (match_here(pattern.substr(1), text.substr(length), stars)) return true;
    stars.pop_back();
  }
  return false;
}

}  // namespace

std::optional<PatternMatch> match_pattern(std::string_view pattern, const std::string& path) {
  PatternMatch match;
  std::string_view text = path;
  if (pattern.find('/') == std::string_view::npos) {
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos) {
      match.folder = path.substr(0, slash);
      text.remove_prefix(slash + 1);
    }
  }
  if (!match_here(pattern, text, match.stars)) return {};
  if (pattern.ends_with('*')) match.stars.back().resize(match.stars.back().size() - volume_extension(text).size());
  const std::string star = match.stars.empty() ? std::string(text) : match.stars.front();
  match.name = match.folder.empty() ? star : match.folder + "/" + star;
  return match;
}

std::string_view volume_extension(std::string_view file_name) {
  constexpr std::array<std::string_view, 6> known = {".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd"};
  for (const std::string_view extension : known) {
    if (file_name.size() <= extension.size()) continue;
    const std::string_view tail = file_name.substr(file_name.size() - extension.size());
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    if (std::equal(tail.begin(), tail.end(), extension.begin(), same)) return extension;
  }
  return {};
}

std::string fill_pattern(std::string_view pattern, const PatternMatch& match) {
  std::string path;
  if (!match.folder.empty() && pattern.find('/') == std::string_view::npos) path = match.folder + "/";
  std::size_t next = 0;
  for (const char c : pattern) {
    if (c != '*') {
      path += c;
    } else if (!match.stars.empty()) {
      path += match.stars[std::min(next++, match.stars.size() - 1)];
    }
  }
  return path;
}

}  // namespace ctforge::io
