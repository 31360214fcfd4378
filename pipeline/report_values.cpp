// JSON to texts and bars.
#include "pipeline/report_values.h"

namespace ctforge::pipeline {

using nlohmann::ordered_json;

namespace {

bool is_interval(const ordered_json& json) { return json.is_array() && json.size() == 2; }

}  // namespace

double number_of(const ordered_json& json) { return json.is_number() ? json.get<double>() : kNone; }

std::string with_interval(const ordered_json& value, const char* number, const char* interval,
                          std::string (*format)(double)) {
  if (!value.contains(number)) return "n/a";
  std::string text = format(number_of(value[number]));
  if (value.contains(interval) && is_interval(value[interval]))
    text += " [" + format(number_of(value[interval][0])) + ", " + format(number_of(value[interval][1])) + "]";
  return text;
}

Bar bar_of(const std::string& name, const ordered_json& value, const char* number, double reference) {
  const ordered_json interval = value.value("interval", ordered_json::array());
  const bool has = is_interval(interval);
  return {name, number_of(value.value(number, ordered_json())), has ? number_of(interval[0]) : 1,
          has ? number_of(interval[1]) : 0, reference};
}

}  // namespace ctforge::pipeline
