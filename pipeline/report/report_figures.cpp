// Numbers, intervals and tables of measures.
#include "pipeline/report/report_figures.h"

#include "pipeline/report/report_page.h"

namespace ctforge::pipeline {

using nlohmann::ordered_json;

double number_of(const ordered_json& json) { return json.is_number() ? json.get<double>() : kNoFigure; }

std::string with_interval(const ordered_json& entry, const char* number, const char* interval,
                          std::string (*format)(double)) {
  if (!entry.contains(number)) return "n/a";
  std::string text = format(number_of(entry[number]));
  if (entry.contains(interval) && entry[interval].is_array() && entry[interval].size() == 2)
    text += " [" + format(number_of(entry[interval][0])) + ", " + format(number_of(entry[interval][1])) + "]";
  return text;
}

Bar bar_of(const std::string& name, const ordered_json& entry, const char* number, double reference) {
  const ordered_json interval = entry.value("interval", ordered_json::array());
  const bool has = interval.is_array() && interval.size() == 2;
  return {name, number_of(entry.value(number, ordered_json())), has ? number_of(interval[0]) : 1,
          has ? number_of(interval[1]) : 0, reference};
}

std::string pretty_features(const std::string& name) {
  if (name == "fd_lite0") return "FD-Lite0";
  return name == "fid" ? "FID" : name;
}

std::vector<std::string> measure_row(const std::string& name, const ordered_json& entry) {
  return {name, with_interval(entry, "value", "interval"), with_interval(entry, "floor", "floor_interval"),
          entry.value("n", ordered_json()).dump()};
}

std::vector<std::string> measure_heading() { return {"Measure", "Value [interval]", "Floor [interval]", "n"}; }

std::string measure_table(const ordered_json& entry, std::span<const char* const> names) {
  std::vector<std::vector<std::string>> rows = {measure_heading()};
  for (const char* name : names)
    if (entry.contains(name)) rows.push_back(measure_row(name, entry[name]));
  return rows.size() > 1 ? html_table(rows) : "";
}

}  // namespace ctforge::pipeline
