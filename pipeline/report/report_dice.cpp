// The section of the segmentation experiment: tables, the figure over training patients, validation curves.
#include "pipeline/evaluate/downstream_config.h"
#include "pipeline/report/report_figures.h"
#include "pipeline/report/report_sections.h"
#include "pipeline/report/report_state.h"

#include <algorithm>
#include <vector>

namespace ctforge::pipeline {

namespace {

using nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

constexpr const char* kVoid = " (void: an organ collapsed)";

std::string dice_text(double value) { return three_decimals(value); }
std::string difference_text(double value) { return three_decimals(value, true); }

// An organ's figures in an arm by a measure; an empty object where there are none.
ordered_json organ_of(const ordered_json& figures, const std::string& arm, const char* measure,
                      const std::string& organ) {
  const ordered_json nothing = ordered_json::object();
  return figures.value(arm, nothing).value(measure, nothing).value(organ, nothing);
}

std::string p_text(const ordered_json& difference, const char* key) {
  return readable_number(number_of(difference.value(key, ordered_json())));
}

std::string difference_cell(const ordered_json& difference) {
  return with_interval(difference, "mean", "interval", difference_text) +
         (difference.value("valid", true) ? "" : kVoid);
}

// "real / arm" of a measure's means, with how many each missed.
std::string pair_cell(const ordered_json& arms, const std::string& arm, const char* measure, const std::string& organ,
                      std::string (*format)(double)) {
  const auto mean = [&](const std::string& name) {
    return number_of(organ_of(arms, name, measure, organ).value("mean", ordered_json()));
  };
  const auto missed = [&](const std::string& name) {
    return organ_of(arms, name, measure, organ).value("missed", std::int64_t{0});
  };
  return format(mean(kBaselineArm)) + " / " + format(mean(arm)) +
         (missed(kBaselineArm) + missed(arm) > 0
              ? " (missed: " + std::to_string(missed(kBaselineArm)) + " / " + std::to_string(missed(arm)) + ")"
              : "");
}

// Arms that are compared with the baseline; of a report of an earlier program the one that it has.
ordered_json differences_of(const ordered_json& figures) {
  if (figures.contains("differences")) return figures["differences"];
  return {{kSyntheticArm, {{"dice", figures.at("difference")}}}};
}

// A row for each arm and organ of a fraction.
std::string organ_table(const ordered_json& figures) {
  const ordered_json differences = differences_of(figures);
  const ordered_json& arms = figures.at("arms");
  Rows rows = {{"Arm", "Organ", "Dice, real", "Dice, arm", "Difference [95 % interval]", "Patients", "Wilcoxon p",
                "Holm's p", "Hausdorff 95 %, mm, real / arm", "Surface Dice, real / arm"}};
  for (const auto& [arm, measures] : differences.items())
    for (const auto& [organ, difference] : measures.at("dice").items())
      rows.push_back({escaped(arm), escaped(organ),
                      with_interval(organ_of(arms, kBaselineArm, "dice", organ), "mean", "interval", dice_text),
                      with_interval(organ_of(arms, arm, "dice", organ), "mean", "interval", dice_text),
                      difference_cell(difference), difference.value("n", ordered_json()).dump(),
                      p_text(difference, "wilcoxon_p"), p_text(difference, "wilcoxon_p_holm"),
                      pair_cell(arms, arm, "hausdorff95_mm", organ, readable_number),
                      pair_cell(arms, arm, "surface_dice", organ, dice_text)});
  return html_table(rows);
}

std::string percent_of(const ordered_json& value) { return readable_number(100 * number_of(value)) + " %"; }

std::string saving_text(const ordered_json& savings, const ordered_json& fraction) {
  for (const ordered_json& saving : savings) {
    if (saving.at("fraction") != fraction) continue;
    const ordered_json& bound = saving.at("bound");
    return (bound == "lower"   ? "at least "
            : bound == "upper" ? "at most "
                               : "") +
           percent_of(saving.at("saving")) + " [" + percent_of(saving.at("interval").at(0)) + ", " +
           percent_of(saving.at("interval").at(1)) + "]" + (saving.value("valid", true) ? "" : kVoid);
  }
  return "";
}

// A row for each fraction and arm: the mean over organs.
std::string fraction_table(const ordered_json& downstream) {
  Rows rows = {{"Training patients", "Arm", "Mean Dice", "Difference [95 % interval]", "Wilcoxon p", "Holm's p",
                "Saves of the patients"}};
  for (const ordered_json& fraction : downstream.at("fractions"))
    for (const auto& [arm, entry] : fraction.at("arms").items()) {
      const ordered_json difference = organ_of(fraction.at("differences"), arm, "dice", "mean");
      const bool compared = !difference.empty();
      rows.push_back({fraction.at("train_patients").dump() + " (" + percent_of(fraction.at("fraction")) + ")",
                      escaped(arm),
                      with_interval(organ_of(fraction.at("arms"), arm, "dice", "mean"), "mean", "interval", dice_text),
                      compared ? difference_cell(difference) : "", compared ? p_text(difference, "wilcoxon_p") : "",
                      compared ? p_text(difference, "wilcoxon_p_holm") : "",
                      arm == kSyntheticArm ? saving_text(downstream.at("saving"), fraction.at("fraction")) : ""});
    }
  return html_table(rows);
}

// Mean Dice over the number of training patients, a line an arm.
std::string fraction_chart(const ordered_json& downstream) {
  std::vector<Curve> curves;
  for (const ordered_json& fraction : downstream.at("fractions"))
    for (const auto& [arm, entry] : fraction.at("arms").items()) {
      auto curve =
          std::find_if(curves.begin(), curves.end(), [&name = arm](const Curve& own) { return own.name == name; });
      if (curve == curves.end()) curve = curves.insert(curves.end(), Curve{arm, {}});
      const Bar mean = bar_of(arm, organ_of(fraction.at("arms"), arm, "dice", "mean"), "mean", kNoFigure);
      curve->points.emplace_back(number_of(fraction.at("train_patients")), mean.value);
      curve->intervals.emplace_back(mean.low <= mean.high ? mean.low : kNoFigure, mean.high);
    }
  return line_chart(curves, "training patients", "mean Dice of test patients", false);
}

// Mean Dice over the organs on validation patients, a curve a network, named by its arm.
std::vector<Curve> validation_curves(const ordered_json& downstream) {
  std::vector<Curve> curves;
  for (const auto& [arm, entry] : downstream.at("arms").items())
    for (const auto& cell : entry.at("cells")) {
      Curve curve{arm, {}};
      for (const auto& point : cell.at("curve"))
        if (point.at("validation_dice").is_object())
          curve.points.emplace_back(number_of(point.at("step")),
                                    number_of(point["validation_dice"].value("mean", ordered_json())));
      curves.push_back(std::move(curve));
    }
  return curves;
}

// Networks that were still learning say little of what synthetic patches are worth: all arms must be at rest.
std::string convergence_note(const ordered_json& fractions) {
  std::int64_t rising = 0, unknown = 0, networks = 0;
  for (const ordered_json& fraction : fractions)
    for (const auto& [arm, entry] : fraction.at("arms").items())
      for (const auto& cell : entry.at("cells")) {
        ++networks;
        rising += cell.value("converged", ordered_json()) == false ? 1 : 0;
        unknown += cell.value("converged", ordered_json()).is_null() ? 1 : 0;
      }
  const std::string note =
      unknown == 0 ? "" : "<p>Whether they converged is not known: no validation patient has a label.</p>";
  if (rising == 0) return note;
  return note +
         "<p class=\"banner\">Not converged: over the last quarter of its training the mean validation Dice of " +
         std::to_string(rising) + " of " + std::to_string(networks) +
         " networks rose by 0.01 or more. More steps (evaluate.downstream.steps) may change the differences and their "
         "signs.</p>";
}

// What was chosen where there was a choice.
std::string choice_note(const ordered_json& downstream) {
  std::string text;
  for (const auto& [arm, entry] : downstream.at("arms").items()) {
    if (entry.value("candidates", ordered_json::array()).size() < 2) continue;
    const ordered_json& chosen = entry.at("candidate");
    text += (text.empty() ? "" : "; ") + escaped(arm) + " learning rate " +
            readable_number(number_of(chosen.at("learning_rate")));
    if (chosen.contains("synthetic_share"))
      text += ", synthetic share " + readable_number(number_of(chosen["synthetic_share"]));
    if (chosen.value("synthetic_until", 1.0) < 1)
      text += " in the first " + percent_of(chosen["synthetic_until"]) + " of the steps";
  }
  return text.empty() ? "" : "<p>Chosen on validation patients: " + text + ".</p>";
}

std::string difference_chart(const ordered_json& downstream) {
  std::vector<Bar> bars;
  const ordered_json differences = differences_of(downstream);
  for (const auto& [arm, measures] : differences.items())
    for (const auto& [organ, difference] : measures.at("dice").items())
      bars.push_back(bar_of(differences.size() > 1 ? arm + ", " + organ : organ, difference, "mean", kNoFigure));
  return bar_chart(bars, "difference in Dice, the arm minus real");
}

// What a fraction's networks scored by organ, what was chosen for them, and how they learned.
std::string fraction_details(const ordered_json& fraction, bool one) {
  return organ_table(fraction) + (one ? difference_chart(fraction) : "") + choice_note(fraction) +
         "<h3>Validation Dice during training</h3>" +
         line_chart(validation_curves(fraction), "steps", "mean Dice", false);
}

std::string folded(const ordered_json& fraction) {
  return "<details><summary>" + percent_of(fraction.at("fraction")) + " of the training patients, by organ</summary>" +
         fraction_details(fraction, false) + "</details>";
}

}  // namespace

PageSection dice_section(const ReportInputs& inputs) {
  PageSection section{
      "What it is worth: segmentation with and without",
      "Dice on held-out patients, in 3D, of networks trained for the same number of steps. Intervals are "
      "95 % bootstrap intervals over patients.",
      ""};
  if (inputs.downstream.is_null()) {
    section.body = missing_note(
        inputs, "not evaluated: switched off (evaluate.downstream.enabled), or the data have no label maps");
    return section;
  }
  const ordered_json& downstream = inputs.downstream.at("downstream");
  const ordered_json fractions = downstream.value("fractions", ordered_json::array({downstream}));
  const bool one = fractions.size() == 1;
  section.body += convergence_note(fractions);
  if (!one)
    section.body +=
        fraction_table(downstream) + fraction_chart(downstream) + "<h3>All training patients, by organ</h3>";
  section.body += fraction_details(downstream, one);
  for (const ordered_json& fraction : fractions)
    if (!one && fraction.at("fraction") != 1) section.body += folded(fraction);
  return section;
}

}  // namespace ctforge::pipeline
