// Counting the names of structures over an inventory.
#include "pipeline/prepare/structures.h"

#include "io/volume/inventory.h"
#include "pipeline/observe/log.h"

#include <algorithm>
#include <iomanip>
#include <map>
#include <ostream>
#include <set>

#include <nlohmann/json.hpp>
#include <tbb/task_arena.h>

namespace ctforge::pipeline {

namespace {

constexpr int kStructuresSchema = 1, kFound = 0, kNothing = 3;

// A terminal would obey control characters: those below a blank, and U+007F to U+009F.
std::string harmless(std::string name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    const bool upper = byte == 0xC2 && i + 1 < name.size() && static_cast<unsigned char>(name[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F) name[i] = '?';
    if (upper) name.replace(i, 2, "?");
  }
  return name;
}

std::map<std::string, std::int64_t> count_names(const io::Inventory& inventory) {
  std::map<std::string, std::int64_t> series_with;
  for (const io::Series& series : inventory.series) {
    if (!series.accepted()) continue;
    std::set<std::string> names;
    for (const io::LabelObject& object : series.label_objects)
      for (const io::LabelStructure& structure : object.structures) names.insert(harmless(structure.name));
    for (const std::string& name : names) ++series_with[name];
  }
  return series_with;
}

}  // namespace

int list_structures(const StructuresConfig& config, std::ostream& out) {
  io::ScanOptions options;
  options.path = config.path;
  options.structures = io::StructureMap::all();
  io::Inventory inventory;
  tbb::task_arena arena(config.threads > 0 ? static_cast<int>(config.threads) : tbb::task_arena::automatic);
  arena.execute([&] { inventory = io::scan(options); });
  const auto series_with = count_names(inventory);
  if (config.json) {
    nlohmann::ordered_json json = {{"schema", kStructuresSchema}, {"structures", nlohmann::ordered_json::array()}};
    for (const auto& [name, count] : series_with) json["structures"].push_back({{"name", name}, {"series", count}});
    out << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  } else {
    out << "series  structure\n";
    for (const auto& [name, count] : series_with) out << std::setw(6) << count << "  " << name << '\n';
  }
  const auto refused = std::count_if(inventory.series.begin(), inventory.series.end(),
                                     [](const io::Series& series) { return !series.accepted(); });
  if (refused > 0)
    log_warning("structures: " + std::to_string(refused) + " of " + std::to_string(inventory.series.size()) +
                " series are refused and not counted: ctforge inspect says why");
  return series_with.empty() ? kNothing : kFound;
}

}  // namespace ctforge::pipeline
