// The figures of two compared sets as text.
#include "eval/measure_names.h"
#include "pipeline/evaluate/evaluate_pair.h"

#include <array>
#include <cstdio>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

std::string row(const std::string& name, const std::string& value, const std::string& interval,
                const std::string& floor, const std::string& whole) {
  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(), "  %-18s %12s  %-24s %12s  %14s\n", name.c_str(), value.c_str(),
                interval.c_str(), floor.c_str(), whole.c_str());
  return text.data();
}

std::string number(const ordered_json& json, int digits) {
  if (!json.is_number()) return "-";
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.*g", digits, json.get<double>());
  return text.data();
}

std::string measure_row(const std::string& name, const ordered_json& entry) {
  constexpr int kShort = 5, kLong = 8;
  const ordered_json whole = entry.value("whole_sets", ordered_json::object()).value(name, ordered_json());
  if (!entry.contains(name)) return whole.is_null() ? "" : row(name, "", "", "", number(whole, kLong));
  const ordered_json& measured = entry[name];
  const std::string interval =
      "[" + number(measured.at("interval")[0], kShort) + ", " + number(measured.at("interval")[1], kShort) + "]";
  return row(name, number(measured.at("value"), kShort), interval, number(measured.at("floor"), kShort),
             number(whole, kLong));
}

}  // namespace

std::string pair_table(const ordered_json& result) {
  std::string text;
  for (const auto& [name, entry] : result.at("distances").items()) {
    const ordered_json& extractor = entry.at("extractor");
    text += name + " (" + extractor.at("dimensions").dump() + " dimensions";
    if (extractor.contains("resize")) text += ", resized: " + extractor.at("resize").get<std::string>();
    text += ")\n" + row("", "value", "interval", "floor", "whole sets");
    for (const char* measure : eval::kFeatureMeasures) text += measure_row(measure, entry);
  }
  if (result.contains("hu")) {
    text += "HU\n" + measure_row("wasserstein1_hu", result["hu"]);
    for (const auto& [organ, entry] : result["hu"].at("organs").items())
      text += " " + organ + "\n" + measure_row("wasserstein1_hu", entry) + measure_row("mean_difference_hu", entry) +
              measure_row("sd_difference_hu", entry);
  }
  const auto part = [&result](const char* name, const char* key) {
    return result.value(name, ordered_json::object()).value(key, ordered_json::object());
  };
  const ordered_json radiomics = part("radiomics", "radiomics"), noise = part("noise_power", "noise_power"),
                     diversity = part("diversity", "diversity");
  const auto radiomic_rows = [](const ordered_json& entry) {
    return measure_row("frechet", entry.at("frd_v0_original_filters")) +
           measure_row("log_frechet", entry.at("frd_v1_original_filters"));
  };
  if (radiomics.contains("frd_v1_original_filters")) text += "radiomics\n" + radiomic_rows(radiomics);
  const ordered_json organs = part("radiomics", "organs");
  for (const auto& [organ, entry] : organs.items()) text += " " + organ + "\n" + radiomic_rows(entry);
  if (noise.contains("distance")) text += "noise power\n" + measure_row("log_spectral_db", noise.at("distance"));
  if (diversity.contains("ms_ssim")) text += "diversity\n" + measure_row("ms_ssim", diversity);
  const auto& protocol = result.at("protocol");
  text += "floor: " + protocol.at("floor").get<std::string>() + "\n";
  return text;
}

}  // namespace ctforge::pipeline
