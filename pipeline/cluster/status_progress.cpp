// metrics.jsonl and checkpoints, shards of samples, finished cells.
#include "pipeline/cluster/status_progress.h"

#include "io/file/fault.h"
#include "io/file/safetensors.h"
#include "models/train/checkpoint.h"
#include "pipeline/evaluate/downstream_cells.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

double age_s(fs::file_time_type time) {
  return std::max(0.0, std::chrono::duration<double>(fs::file_time_type::clock::now() - time).count());
}

ordered_json setting(const ordered_json& settings, const std::string& pointer) {
  return settings.is_object() ? settings.value(ordered_json::json_pointer(pointer), ordered_json()) : ordered_json();
}

// The last line of training figures; a line takes some hundred bytes, validation lines come between.
std::optional<ordered_json> last_figures(const fs::path& file) {
  constexpr std::streamoff most = 1 << 16;
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) return std::nullopt;
  stream.seekg(std::max<std::streamoff>(0, static_cast<std::streamoff>(stream.tellg()) - most));
  std::optional<ordered_json> last;
  for (std::string line; std::getline(stream, line);) {
    ordered_json json = ordered_json::parse(line, nullptr, false);
    if (json.is_object() && json.value("kind", "") == "train" && json.contains("phase") && json.contains("step"))
      last = std::move(json);
  }
  return last;
}

std::vector<fs::path> checkpoints_in(const fs::path& folder, const char* prefix) {
  try {
    return train::CheckpointStore(folder, prefix).files();
  } catch (const io::DataError&) {
    return {};  // the training will say so; here there is nothing to tell
  }
}

// Newest checkpoint of the phase that is under way.
ordered_json newest_checkpoint(const fs::path& folder) {
  for (const char* prefix : {"generator", "autoencoder"}) {
    const auto files = checkpoints_in(folder, prefix);
    std::error_code error;
    const auto time = files.empty() ? fs::file_time_type{} : fs::last_write_time(files.front(), error);
    if (files.empty() || error) continue;
    const std::string stem = files.front().stem();
    return {{"phase", prefix == std::string("generator") ? "diffusion" : prefix},
            {"step", std::stoll(stem.substr(stem.rfind('-') + 1))},
            {"age_s", age_s(time)}};
  }
  return nullptr;
}

ordered_json training(const fs::path& out, const ordered_json& settings) {
  ordered_json progress = ordered_json::object();
  if (const auto figures = last_figures(out / "metrics.jsonl")) {
    const std::string phase = figures->value("phase", "");
    const std::string section = phase == "autoencoder" ? "/train/autoencoder" : "/train";
    const ordered_json total = setting(settings, section + "/steps"), batch = setting(settings, section + "/batch");
    const ordered_json parts = phase == "autoencoder" ? ordered_json(1) : setting(settings, "/train/accumulate");
    const auto step = figures->value("step", std::int64_t{0});
    const double rate = figures->value("images_per_s", 0.0);
    progress = {{"phase", phase}, {"done", step}, {"total", total}, {"unit", "steps"}};
    for (const char* key : {"loss", "images_per_s"})
      if (figures->contains(key)) progress[key] = (*figures)[key];
    if (rate > 0 && total.is_number() && batch.is_number() && parts.is_number())
      progress["seconds_left"] = std::max(0.0, total.get<double>() - static_cast<double>(step)) * batch.get<double>() *
                                 parts.get<double>() / rate;
    std::error_code error;
    const auto time = fs::last_write_time(out / "metrics.jsonl", error);
    if (!error) progress["changed_s"] = age_s(time);
  }
  if (auto checkpoint = newest_checkpoint(out / "checkpoints"); !checkpoint.is_null())
    progress["checkpoint"] = std::move(checkpoint);
  return progress;
}

// Finished pieces of work, each of so many units, with the time that each was finished.
struct Piece {
  fs::file_time_type time;
  std::int64_t units = 1;
};

ordered_json of_pieces(std::vector<Piece> pieces, const ordered_json& total, const std::string& unit) {
  if (pieces.empty()) return ordered_json::object();
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.time < b.time; });
  std::int64_t done = 0;
  for (const Piece& piece : pieces) done += piece.units;
  ordered_json progress{{"done", done}, {"total", total}, {"unit", unit}};
  const double seconds = std::chrono::duration<double>(pieces.back().time - pieces.front().time).count();
  const auto since_first = static_cast<double>(done - pieces.front().units);
  if (total.is_number() && seconds > 0 && since_first > 0)
    progress["seconds_left"] = std::max(0.0, total.get<double>() - static_cast<double>(done)) * seconds / since_first;
  progress["changed_s"] = age_s(pieces.back().time);
  return progress;
}

// `units` tells how many a file stands for; 0: it does not count.
template <class Units>
std::vector<Piece> pieces_in(const fs::path& folder, const std::string& prefix, const std::string& extension,
                             const Units& units) {
  std::vector<Piece> pieces;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& file = entry->path();
    if (!file.filename().string().starts_with(prefix) || file.extension() != extension) continue;
    std::error_code gone;
    const auto time = fs::last_write_time(file, gone);
    if (const std::int64_t count = gone ? 0 : units(file); count > 0) pieces.push_back({time, count});
  }
  return pieces;
}

// Finished ones of data/parts/I-of-N, where prepare is done in parts.
ordered_json parts_of_prepare(const fs::path& parts) {
  std::vector<Piece> pieces;
  ordered_json total;
  std::error_code error;
  for (fs::directory_iterator entry(parts, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    const auto of = name.find("-of-");
    if (of == std::string::npos) continue;
    total = std::stoll("0" + name.substr(of + 4));
    std::error_code unfinished;
    const auto time = fs::last_write_time(entry->path() / "prepare.json", unfinished);
    if (!unfinished) pieces.push_back({time});
  }
  return of_pieces(std::move(pieces), total, "parts");
}

std::int64_t samples_in(const fs::path& shard) {
  try {
    return io::SafetensorsFile(shard).at("hu").shape.at(0);
  } catch (const io::DataError&) {
    return 0;
  }
}

// The files of the networks that the experiment trains; nothing where that is not known.
std::optional<std::set<std::string>> networks_of(const ordered_json& experiment) {
  if (!experiment.is_object() || experiment.value("enabled", false) == false) return std::nullopt;
  DownstreamConfig config;
  config.arms = experiment.value("arms", config.arms);
  for (const auto& [key, list] : {std::pair{"fractions", &config.fractions},
                                  {"synthetic_shares", &config.synthetic_shares},
                                  {"synthetic_until", &config.synthetic_until},
                                  {"learning_rates", &config.learning_rates}})
    *list = experiment.value(key, *list);
  config.seeds = experiment.value("seeds", config.seeds);
  std::set<std::string> names;
  for (const DownstreamCell& cell : cells_of(config)) names.insert(cell_name(cell) + ".json");
  return names;
}

ordered_json evaluation(const fs::path& cells, const ordered_json& experiment) {
  const auto names = networks_of(experiment);
  const auto counts = [&](const fs::path& file) { return !names || names->contains(file.filename()) ? 1 : 0; };
  return of_pieces(pieces_in(cells, "segmenter-", ".json", counts),
                   names ? ordered_json(names->size()) : ordered_json(), "networks");
}

}  // namespace

ordered_json progress_of(const std::string& stage, const fs::path& out, const ordered_json& settings) {
  if (stage == "train") return training(out, settings);
  if (stage == "sample")
    return of_pieces(pieces_in(out / "samples", "synthetic-", ".safetensors", samples_in),
                     setting(settings, "/sample/count"), "samples");
  if (stage == "prepare") return parts_of_prepare(out / "data" / "parts");
  if (stage != "evaluate") return ordered_json::object();
  return evaluation(out / "evaluation" / "cells", setting(settings, "/evaluate/downstream"));
}

bool has_begun(const std::string& stage, const fs::path& out) {
  static const std::map<std::string, std::string> first = {{"phantom", "cohort"},
                                                           {"prepare", "data"},
                                                           {"train", "checkpoints"},
                                                           {"sample", "samples"},
                                                           {"evaluate", "evaluation"}};
  const auto found = first.find(stage);
  return found != first.end() && fs::exists(out / found->second);
}

}  // namespace ctforge::pipeline
