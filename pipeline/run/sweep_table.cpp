// Figures of runs, gathered and laid out.
#include "pipeline/run/sweep_table.h"

#include "pipeline/config/config.h"
#include "pipeline/evaluate/csv_field.h"
#include "pipeline/report/report_chart.h"
#include "pipeline/report/report_page.h"
#include "pipeline/run/json_file.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

// The number at a path such as "/stages/train/seconds", put under a name where there is one.
void take(ordered_json& figures, const std::string& name, const ordered_json& from, const std::string& path,
          double factor = 1) {
  const ordered_json::json_pointer pointer(path);
  if (from.contains(pointer) && from.at(pointer).is_number()) figures[name] = factor * from.at(pointer).get<double>();
}

bool is_seed(const std::string& key) { return key.ends_with(".seed"); }

// Rows that differ in seeds alone.
struct Group {
  std::string key;   // with the values themselves
  std::string name;  // without paths
  std::vector<const SweepRow*> rows;
};

// A value as it may be shown; of several paths of one key "(path 2)".
std::string numbered(const std::vector<SweepRow>& rows, const std::string& key, const std::string& value) {
  const std::string shown = shown_value(key, value);
  if (shown == value) return value;
  std::vector<std::string> paths;
  for (const SweepRow& row : rows)
    for (const auto& [other, path] : row.settings)
      if (other == key && std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
  if (paths.size() < 2) return shown;
  return "(path " + std::to_string(std::find(paths.begin(), paths.end(), value) - paths.begin() + 1) + ")";
}

std::vector<Group> groups_of(const std::vector<SweepRow>& rows) {
  std::vector<Group> groups;
  for (const SweepRow& row : rows) {
    std::string all, name;
    for (const auto& [key, value] : row.settings) {
      if (is_seed(key)) continue;
      all += key + "=" + value + "\n";
      name += (name.empty() ? "" : ", ") + key + " " + numbered(rows, key, value);
    }
    if (name.empty()) name = "all";
    const auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.key == all; });
    if (found == groups.end()) {
      groups.push_back({all, name, {&row}});
    } else {
      found->rows.push_back(&row);
    }
  }
  return groups;
}

struct Spread {
  double mean = std::numeric_limits<double>::quiet_NaN(), low = mean, high = mean;
  int count = 0;
};

Spread spread_of(const Group& group, const std::string& name) {
  Spread spread;
  double sum = 0;
  for (const SweepRow* row : group.rows) {
    if (!row->figures.contains(name)) continue;
    const double value = row->figures.at(name).get<double>();
    sum += value;
    spread.low = spread.count == 0 ? value : std::min(spread.low, value);
    spread.high = spread.count == 0 ? value : std::max(spread.high, value);
    ++spread.count;
  }
  if (spread.count > 0) spread.mean = sum / spread.count;
  return spread;
}

// Names of all figures, in the order they are first met.
std::vector<std::string> names_of(const std::vector<SweepRow>& rows) {
  std::vector<std::string> names;
  for (const SweepRow& row : rows)
    for (const auto& [name, value] : row.figures.items())
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

bool is_detail(const std::string& name) { return name.ends_with(".low") || name.ends_with(".high"); }

std::string cell_text(const Spread& spread) {
  if (spread.count == 0) return "";
  const std::string mean = readable_number(spread.mean);
  return spread.count == 1 ? mean
                           : mean + " <small>(" + readable_number(spread.low) + " to " + readable_number(spread.high) +
                                 ", " + std::to_string(spread.count) + " seeds)</small>";
}

PageSection chart_of(const std::vector<Group>& groups, const std::string& name) {
  std::vector<Bar> bars;
  for (const Group& group : groups) {
    const Spread spread = spread_of(group, name);
    if (spread.count == 0) continue;
    const Spread floor = spread_of(group, name.substr(0, name.rfind('.')) + ".floor");
    bars.push_back({group.name, spread.mean, spread.low, spread.count > 1 ? spread.high : spread.low - 1, floor.mean});
  }
  return {name,
          "The mean over seeds, with the range; the tick is the floor: real patients against other real patients.",
          bar_chart(bars, name)};
}

}  // namespace

ordered_json figures_in(const fs::path& run) {
  ordered_json figures = ordered_json::object();
  const ordered_json distances = read_object(run / "evaluation" / "distances.json"),
                     manifest = read_object(run / "manifest.json");
  const ordered_json samples = read_object(run / "samples" / "samples.json");
  const ordered_json downstream = read_object(run / "evaluation" / "downstream.json");
  if (distances.contains("distances")) {
    for (const auto& [features, entry] : distances.at("distances").items()) {
      const std::string name = features + ".frechet";
      take(figures, name, entry, "/frechet/value");
      take(figures, name + ".low", entry, "/frechet/interval/0");
      take(figures, name + ".high", entry, "/frechet/interval/1");
      take(figures, features + ".floor", entry, "/frechet/floor");
    }
  }
  take(figures, "dice", downstream, "/downstream/arms/real_synthetic/dice/mean/mean");
  take(figures, "dice_difference", downstream, "/downstream/difference/mean/mean");
  take(figures, "dice_difference.low", downstream, "/downstream/difference/mean/interval/0");
  take(figures, "dice_difference.high", downstream, "/downstream/difference/mean/interval/1");
  take(figures, "straightness", samples, "/straightness");
  take(figures, "validation_loss", manifest, "/stages/train/summary/diffusion/validation_loss");
  take(figures, "bits_per_dimension", manifest, "/stages/train/summary/diffusion/bits_per_dimension");
  take(figures, "train_s", manifest, "/stages/train/seconds");
  take(figures, "sample_s_per_1000", samples, "/seconds_per_sample", 1000);
  return figures;
}

ordered_json sweep_json(const std::vector<SweepRow>& rows, std::size_t cells) {
  ordered_json json{{"schema", 1}, {"cells", cells}, {"done", rows.size()}, {"rows", ordered_json::array()}};
  for (const SweepRow& row : rows) {
    ordered_json settings = ordered_json::object();
    for (const auto& [key, value] : row.settings) settings[key] = numbered(rows, key, value);
    ordered_json entry{{"settings", settings}, {"figures", row.figures}};
    if (!row.failure.empty()) entry["failure"] = row.failure;
    json["rows"].push_back(entry);
  }
  return json;
}

std::string sweep_csv(const std::vector<SweepRow>& rows) {
  const auto names = names_of(rows);
  std::string text;
  if (!rows.empty())
    for (const auto& [key, value] : rows.front().settings) text += csv_field(key) + ",";
  for (const std::string& name : names) text += csv_field(name) + ",";
  text += "failure\n";
  for (const SweepRow& row : rows) {
    for (const auto& [key, value] : row.settings) text += csv_field(numbered(rows, key, value)) + ",";
    for (const std::string& name : names) text += (row.figures.contains(name) ? row.figures.at(name).dump() : "") + ",";
    text += csv_field(row.failure) + "\n";
  }
  return text;
}

std::string sweep_page(const std::vector<SweepRow>& rows, std::size_t cells) {
  const auto groups = groups_of(rows);
  auto names = names_of(rows);
  std::erase_if(names, is_detail);
  std::vector<std::vector<std::string>> table = {{"settings"}};
  for (const std::string& name : names) table.front().push_back(escaped(name));
  std::vector<PageSection> sections = {{"Figures", "One line a combination; means over seeds.", ""}};
  std::string failures, pictures;
  for (const Group& group : groups) {
    table.push_back({escaped(group.name)});
    for (const std::string& name : names) table.back().push_back(cell_text(spread_of(group, name)));
    const auto& first = group.rows.front()->pictures;
    if (!first.empty()) pictures += "<h3>" + escaped(group.name) + "</h3>" + first;
    for (const SweepRow* row : group.rows)
      if (!row->failure.empty()) failures += "<p>" + escaped(group.name) + ": " + escaped(row->failure) + "</p>";
  }
  sections.front().body = html_table(table);
  // Without an evaluation, what training and sampling tell of themselves.
  const bool evaluated =
      std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".frechet"); });
  for (const std::string& name : names) {
    const bool own = name == "validation_loss" || name == "straightness" || name == "bits_per_dimension";
    if (name.ends_with(".frechet") || name == "dice_difference" || (own && !evaluated))
      sections.push_back(chart_of(groups, name));
  }
  if (!pictures.empty())
    sections.push_back(
        {"Samples", "The first samples of each combination: the same numbers began all of them.", pictures});
  if (!failures.empty()) sections.push_back({"Failed", "These combinations gave no result.", failures});
  const std::string summary = std::to_string(rows.size()) + " of " + std::to_string(cells) + " combinations done.";
  return html_page("A sweep over settings", summary, sections);
}

}  // namespace ctforge::pipeline
