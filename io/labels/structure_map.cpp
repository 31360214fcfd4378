// Comparing names as their writers mean them.
#include "io/labels/structure_map.h"

namespace ctforge::io {

namespace {

std::string as_compared(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == ' ' || c == '\t' || c == '\0') continue;
    text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

bool has_star(const std::string& name) { return name.find('*') != std::string::npos; }

// Greedy, going back to the last star only: linear in memory, quadratic in time at worst.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

void StructureMap::add(const std::string& name, std::uint8_t label) { entries_.push_back({as_compared(name), label}); }

StructureMap StructureMap::all() {
  StructureMap map;
  map.add("*", 0);
  return map;
}

std::optional<std::uint8_t> StructureMap::find(std::string_view name) const {
  const std::string text = as_compared(name);
  for (const Entry& entry : entries_)
    if (!has_star(entry.name) && entry.name == text) return entry.label;
  for (const Entry& entry : entries_)
    if (has_star(entry.name) && matches(entry.name, text)) return entry.label;
  return std::nullopt;
}

}  // namespace ctforge::io
