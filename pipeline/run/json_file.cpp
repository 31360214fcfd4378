// Reading JSON that may be missing or cut short.
#include "pipeline/run/json_file.h"

#include "io/file/atomic_file.h"

namespace ctforge::pipeline {

using nlohmann::ordered_json;

ordered_json read_object(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return ordered_json::object();
  ordered_json json = ordered_json::parse(io::read_whole_file(file), nullptr, false);
  return json.is_object() ? json : ordered_json::object();
}

}  // namespace ctforge::pipeline
