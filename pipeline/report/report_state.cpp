// Sentences on how far a run is.
#include "pipeline/report/report_state.h"

#include "pipeline/observe/progress.h"
#include "pipeline/report/report_chart.h"

#include <cmath>
#include <ctime>

namespace ctforge::pipeline {

namespace {

using nlohmann::ordered_json;

std::string utc(double time_s) {
  const auto whole = static_cast<std::time_t>(std::floor(time_s));
  std::tm parts{};
  char text[32];
  ::gmtime_r(&whole, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

std::string counted(const ordered_json& state) {
  const auto done = state.value("done", std::int64_t{0}), total = state.value("total", std::int64_t{0});
  if (total <= 0) return "";
  return ", " + state.value("unit", "") + " " + std::to_string(done) + " of " + std::to_string(total);
}

// Of the phase that training is in: the one measured last.
std::string measured(const ordered_json& state) {
  const ordered_json figures = state.value("figures", ordered_json::object());
  const ordered_json* last = nullptr;
  for (const auto& [phase, kinds] : figures.items())
    if (kinds.contains("train") && (last == nullptr || kinds["train"].value("time", 0.0) > last->value("time", 0.0)))
      last = &kinds["train"];
  if (last == nullptr) return "";
  std::string text;
  for (const auto& [key, name] : {std::pair{"loss", "loss "}, std::pair{"images_per_s", "images a second "}})
    if (last->contains(key) && last->at(key).is_number())
      text += std::string(", ") + name + readable_number(last->at(key).get<double>());
  return text;
}

std::string checkpointed(const ordered_json& state) {
  const ordered_json checkpoints = state.value("checkpoints", ordered_json::object());
  std::string text;
  for (const auto& [phase, last] : checkpoints.items())
    text += " Last checkpoint of the " + escaped(phase) + (phase == "diffusion" ? " model" : "") + ": step " +
            last.at("step").dump() + ", " + utc(last.at("time").get<double>()) + ".";
  return text;
}

}  // namespace

std::string state_block(const ReportInputs& inputs) {
  const ordered_json& state = inputs.progress;
  const std::string name = state.is_object() ? state.value("state", "") : "";
  if (!inputs.under_way && (name.empty() || name == "done" || name == "waiting")) return "";
  std::string text = "<p class=\"banner\">";
  if (!state.is_object()) return text + "Under way: no stage has told of its progress yet.</p>";
  const std::string where = escaped(state.value("stage", "") + counted(state));
  if (inputs.under_way && name == "running") {
    text += "Under way: " + where;
    if (state.contains("time_left_s") && state["time_left_s"].is_number())
      text += ", " + readable_seconds(state["time_left_s"].get<double>()) + " left of it";
  } else if (inputs.under_way) {
    text += "Under way, between stages; the last was " + where;
  } else if (name == "failed") {
    text += "Not finished: " + where + ", failed";
  } else {
    text +=
        "Not finished: " + where + (name == "interrupted" ? ", interrupted" : ", stopped without a word, as by a kill");
    text += "; the same command goes on";
  }
  if (state.value("stage", "") == "train") text += measured(state);
  return text + ". As of " + utc(state.value("time", 0.0)) + "." +
         (state.value("stage", "") == "train" ? checkpointed(state) : "") + "</p>";
}

std::string missing_note(const ReportInputs& inputs, const std::string& otherwise) {
  return "<p class=\"missing\">" + (inputs.under_way ? std::string("not there yet: the run is under way") : otherwise) +
         "</p>";
}

}  // namespace ctforge::pipeline
