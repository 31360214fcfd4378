// Combinations, their runs, and the table and chart of their figures.
#include "pipeline/run/sweep.h"

#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/shard.h"
#include "pipeline/config/config.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/interchange/adopt.h"
#include "pipeline/observe/log.h"
#include "pipeline/report/report_sections.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/run/run.h"
#include "pipeline/run/sweep_table.h"
#include "pipeline/run/system_fault.h"

#include <cctype>
#include <exception>
#include <set>
#include <utility>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kPictures = 8;  // shown of each cell

using Settings = std::vector<std::pair<std::string, std::string>>;  // key, value

// Settings that vary together: usually one key, whose values are tried one after the other.
struct Axis {
  std::vector<std::string> keys;
  std::vector<Settings> choices;  // each holds every key
};

// Parts between separators that stand outside brackets, as those of the list [1,2] do not.
std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (c == separator && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Axis axis_of(const std::string& text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  Axis axis{parts_of(text.substr(0, equals), ','), {}};
  bool proper = equals < text.size();
  for (const std::string& key : axis.keys) proper = proper && !key.empty() && !key.starts_with("sweep.");
  if (proper) {
    for (const std::string& choice : parts_of(text.substr(equals + 1), '|')) {
      const auto values = axis.keys.size() > 1 ? parts_of(choice, ',') : std::vector{choice};
      proper = proper && values.size() == axis.keys.size();
      Settings settings;
      for (std::size_t i = 0; proper && i < values.size(); ++i) settings.emplace_back(axis.keys[i], values[i]);
      axis.choices.push_back(std::move(settings));
    }
  }
  if (!proper || axis.choices.size() < 2)
    throw ConfigError({{"configuration", "sweep.grid",
                        "expected section.key=value|value or key,key=value,value|value,value, found '" + text + "'"}});
  return axis;
}

std::vector<Axis> axes_of(const std::vector<std::string>& grid) {
  std::vector<ConfigProblem> problems;
  std::vector<Axis> axes;
  std::set<std::string> keys;
  for (const std::string& text : grid) {
    gather_problems(problems, [&] {
      axes.push_back(axis_of(text));
      for (const std::string& key : axes.back().keys)
        if (!keys.insert(key).second) throw ConfigError({{"configuration", "sweep.grid", key + " is given twice"}});
    });
  }
  if (grid.empty()) problems.push_back({"configuration", "sweep.grid", "names no setting to vary"});
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return axes;
}

// A folder's name: readable where it can be, distinct always, and the same for the same settings whatever other cells
// there are. Paths do not show.
std::string name_of(const Settings& settings) {
  std::string name, all;
  for (const auto& [key, value] : settings) {
    all += key + "=" + value + "\n";
    std::string part = key.substr(key.rfind('.') + 1);
    if (shown_value(key, value) == value) part += "-" + value;
    for (char& c : part)
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_') c = '-';
    name += part + "_";
  }
  return name.substr(0, 80) + io::sha256_hex(all).substr(0, 8);
}

struct Cell {
  SweepRow row;
  Config config;
  fs::path folder;
};

// Every combination, the last axis varying fastest.
std::vector<Cell> cells_of(const std::vector<Axis>& axes, const std::vector<fs::path>& files,
                           const std::vector<std::string>& assignments, const fs::path& out) {
  std::vector<Settings> combinations = {{}};
  for (const Axis& axis : axes) {
    std::vector<Settings> longer;
    for (const Settings& combination : combinations) {
      for (const Settings& choice : axis.choices) {
        longer.push_back(combination);
        longer.back().insert(longer.back().end(), choice.begin(), choice.end());
      }
    }
    combinations = std::move(longer);
  }
  std::vector<ConfigProblem> problems;
  std::vector<Cell> cells;
  for (const auto& combination : combinations) {
    std::vector<std::string> own = assignments;
    for (const auto& [key, value] : combination) own.push_back(key + "=" + value);
    Cell cell;
    cell.row.settings = combination;
    gather_problems(problems, [&] {
      cell.config = read_config(files, own);
      check_stages(cell.config, cell.config.run.stages);
    });
    cell.config.sweep = {};
    cell.folder = out / "cells" / name_of(combination);
    cells.push_back(std::move(cell));
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return cells;
}

std::string described(const SweepRow& row) {
  std::string text;
  for (const auto& [key, value] : row.settings)
    text += (text.empty() ? "" : ", ") + key + "=" + shown_value(key, value);
  return text;
}

// What the experiment's fractions have in common with another cell's.
void adopt_fractions(const Cell& cell, const Cell& other) {
  for (const double fraction : fractions_to_make(cell.config)) {
    const fs::path theirs = fraction_folder(other.folder, fraction);
    if (fs::is_directory(theirs))
      adopt_stages(fraction_config(cell.config, fraction), fraction_stages(cell.config.evaluate.downstream.arms),
                   theirs, fraction_folder(cell.folder, fraction));
  }
}

void run_cell(Cell& cell, const std::vector<Cell>& before) {
  const auto& stages = cell.config.run.stages;
  try {
    for (const Cell& other : before) adopt_stages(cell.config, stages, other.folder, cell.folder);
    for (const Cell& other : before) adopt_fractions(cell, other);
    for (const Cell& other : before) adopt_autoencoder(cell.config, other.config, other.folder, cell.folder);
    if (!before.empty()) adopt_features(before.back().folder, cell.folder);
    run_stages(cell.config, stages, cell.folder);
    cell.row.figures = figures_in(cell.folder);
    if (io::has_shards(cell.folder / "samples", "synthetic"))
      cell.row.pictures =
          first_pictures(io::ShardSet(cell.folder / "samples", "synthetic"), kPictures, cell.config.report);
  } catch (const fs::filesystem_error& error) {
    cell.row.failure = describe(error.code(), "");  // its text names paths
  } catch (const std::exception& error) {
    cell.row.failure = error.what();
  }
  if (!cell.row.failure.empty()) log_warning("sweep: " + described(cell.row) + " failed: " + cell.row.failure);
}

}  // namespace

std::size_t check_sweep(const std::vector<fs::path>& files, const std::vector<std::string>& assignments) {
  return cells_of(axes_of(read_config(files, assignments).sweep.grid), files, assignments, {}).size();
}

std::int64_t run_sweep(const std::vector<fs::path>& files, const std::vector<std::string>& assignments,
                       const fs::path& out) {
  const Config config = read_config(files, assignments);
  std::vector<Cell> cells = cells_of(axes_of(config.sweep.grid), files, assignments, out);
  fs::create_directories(out);
  const FolderLock lock(out);
  std::int64_t failed = 0;
  std::vector<SweepRow> rows;
  std::vector<Cell> done;
  for (Cell& cell : cells) {
    if (stop_requested()) throw Interrupted{"sweep"};
    log_info("sweep: " + std::to_string(done.size() + 1) + " of " + std::to_string(cells.size()) + ": " +
             described(cell.row));
    run_cell(cell, done);
    failed += cell.row.failure.empty() ? 0 : 1;
    rows.push_back(cell.row);
    done.push_back(cell);
    // After every cell, so that a long sweep can be looked at while it goes on.
    io::write_atomically(out / "sweep.json", sweep_json(rows, cells.size()).dump(1) + "\n");
    io::write_atomically(out / "sweep.csv", sweep_csv(rows));
    io::write_atomically(out / "sweep.html", sweep_page(rows, cells.size()));
  }
  return failed;
}

}  // namespace ctforge::pipeline
