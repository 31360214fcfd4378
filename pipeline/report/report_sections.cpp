// The sections of figures: distances, Dice, training, data and provenance.
#include "pipeline/report/report_sections.h"

#include "eval/measure_names.h"
#include "pipeline/observe/progress.h"
#include "pipeline/report/report_figures.h"
#include "pipeline/report/report_state.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <vector>

namespace ctforge::pipeline {

namespace {

using nlohmann::ordered_json;

// With how images reached the extractor's size: figures by different ways must not be compared.
std::string features_title(const std::string& name, const ordered_json& entry) {
  const ordered_json extractor = entry.value("extractor", ordered_json::object());
  const std::string resize = extractor.value("resize", "");
  return pretty_features(name) + (resize.empty() ? "" : " (resized: " + resize + ")");
}

// The first distance measured: the one the summary quotes.
const ordered_json* first_distance(const ReportInputs& inputs, std::string& name) {
  if (inputs.distances.is_null() || inputs.distances.at("distances").empty()) return nullptr;
  const auto first = inputs.distances.at("distances").begin();
  if (!first.value().contains("frechet")) return nullptr;
  name = features_title(first.key(), first.value());
  return &first.value();
}

// HU under each organ's masks.
std::string organ_tables(const ordered_json& organs) {
  constexpr std::array kNames = {"wasserstein1_hu", "mean_difference_hu", "sd_difference_hu"};
  std::string html;
  for (const auto& [organ, entry] : organs.items())
    html += "<h3>" + escaped("HU under the masks: " + organ) + "</h3>" + measure_table(entry, kNames);
  return html;
}

bool variations(const ReportInputs& inputs) {
  return inputs.samples.is_object() &&
         inputs.samples.value("settings", ordered_json::object()).value("strength", 1.0) < 1;
}

std::string fact(const std::string& value, const std::string& meaning) {
  return "<div><b>" + value + "</b><span>" + meaning + "</span></div>";
}

std::string release_notice(const ordered_json& release) {
  const std::string state = release.is_object() ? release.value("state", "") : "";
  if (state == "not releasable")
    return "<p class=\"banner\">NOT RELEASABLE: " + release.at("copies").dump() + " of " +
           release.at("samples").dump() + " samples are copies of training patches, nearer to one than all but " +
           readable_number(100 * number_of(release.at("quantile"))) +
           " % of held-out patches are. <code>ctforge filter</code> leaves them out.</p>";
  if (state == "not judged")
    return "<p class=\"banner\">Whether samples are copies of training patches was not judged, since there were no "
           "held-out patients to compare with.</p>";
  return "";
}

}  // namespace

std::string summary_block(const ReportInputs& inputs) {
  std::string html =
      "<p class=\"banner\">Every picture marked synthetic on this page was made by a computer and " +
      std::string(variations(inputs) ? "is a variation of some patient's slice. " : "shows no patient. ") +
      "Not for diagnosis. The pictures marked real are slices of the patients in the training set: this page "
      "is as confidential as they are.</p>";
  html += release_notice(inputs.release) + state_block(inputs) + "<div class=\"facts\">";
  if (inputs.samples.is_object())
    html += fact(inputs.samples.value("count", ordered_json(0)).dump(), "synthetic labelled patches");
  std::string name;
  if (const ordered_json* distance = first_distance(inputs, name); distance != nullptr) {
    const auto& frechet = distance->at("frechet");
    html += fact(readable_number(number_of(frechet.at("value"))),
                 name + ", synthetic against real; two halves of the real patients differ by " +
                     readable_number(number_of(frechet.at("floor"))));
  }
  if (!inputs.downstream.is_null()) {
    const auto& difference = inputs.downstream.at("downstream").at("difference");
    if (difference.contains("mean"))
      html += fact(with_interval(difference["mean"], "mean", "interval",
                                 [](double value) { return three_decimals(value, true); }),
                   std::string("change of mean Dice when synthetic patches are added to training, with 95 % interval") +
                       (difference["mean"].value("valid", true) ? "" : "; void, since an organ collapsed"));
  }
  if (!inputs.nearest.is_null()) {
    const auto& part = inputs.nearest.at("nearest").at("correlation").at("nearer_than_95_percent_of_held_out");
    html += fact(part.is_number() ? readable_number(100 * part.get<double>()) + " %" : "n/a",
                 "of samples resemble a training patch, pixel by pixel, more than 95 % of held-out patches do");
  }
  return html + "</div>";
}

PageSection distances_section(const ReportInputs& inputs) {
  PageSection section{
      "How far from real",
      "Fréchet distances between sets of equal size; lower is nearer. The orange tick is the floor: real "
      "patients against other real patients. Noise and an untrained network show what a bad value is; "
      "\"reconstructed\" are the floor's real patches after the autoencoder alone, the best that samples can "
      "be expected to reach.",
      ""};
  if (inputs.distances.is_null()) {
    section.body = missing_note(inputs, "not evaluated");
    return section;
  }
  const auto show = [&](const std::string& title, const ordered_json& entry, const char* measure) {
    const ordered_json& overall = entry.at(measure);
    const double floor = number_of(overall.value("floor", ordered_json()));
    std::vector<Bar> bars = {bar_of("synthetic", overall, "value", floor)};
    for (const auto& [name, reference] : entry.at("references").items())
      bars.push_back(bar_of(name, reference, "value", kNoFigure));
    section.body += "<h3>" + escaped(title) + "</h3>" + bar_chart(bars, title);
    std::vector<std::vector<std::string>> rows = {{"Set", "Value [interval]", "Floor [interval]", "n"}};
    rows.push_back(measure_row("all classes compared", overall));
    for (const auto& [name, one] : entry.at("per_class").items())
      rows.push_back(measure_row(escaped(name), one.at(measure)));
    for (const auto& [name, reference] : entry.at("references").items())
      rows.push_back({escaped(name), with_interval(reference, "value", "interval"), "",
                      reference.value("n", ordered_json()).dump()});
    section.body += html_table(rows);
  };
  for (const auto& [name, entry] : inputs.distances.at("distances").items()) {
    if (entry.contains("frechet")) show(features_title(name, entry), entry, "frechet");
    // The Fréchet distance has its chart.
    const auto others = std::span(eval::kFeatureMeasures).subspan(1);
    const ordered_json by_class = entry.value("per_class", ordered_json::object());
    section.body += measure_table(entry, others);
    for (const auto& [class_name, one] : by_class.items())
      section.body +=
          "<details><summary>" + escaped(class_name) + "</summary>" + measure_table(one, others) + "</details>";
  }
  if (!inputs.distances.contains("hu")) return section;
  show("HU histogram distance (HU)", inputs.distances["hu"], "wasserstein1_hu");
  section.body += organ_tables(inputs.distances["hu"].value("organs", ordered_json::object()));
  return section;
}

PageSection autoencoder_section(const ReportInputs& inputs) {
  PageSection section{"The autoencoder alone",
                      "Validation patients' patches encoded and decoded again: no sample can be better than this.", ""};
  const ordered_json::json_pointer place("/stages/train/summary/autoencoder/reconstruction");
  if (!inputs.manifest.is_object() || !inputs.manifest.contains(place) ||
      !inputs.manifest.at(place).contains("tissues"))
    return section;
  const ordered_json& found = inputs.manifest.at(place);
  std::vector<std::vector<std::string>> rows = {{"Tissue", "HU error", "HU bias", "Dice of the mask"}};
  for (const auto& [name, tissue] : found.at("tissues").items()) {
    const ordered_json dice = found.at("mask_dice").value(name, ordered_json());
    rows.push_back({escaped(name), readable_number(number_of(tissue.at("hu_mae"))),
                    readable_number(number_of(tissue.at("hu_bias"))),
                    dice.is_number() ? three_decimals(number_of(dice)) : ""});
  }
  rows.push_back(
      {"all", readable_number(number_of(found.at("hu_mae"))), readable_number(number_of(found.at("hu_bias"))), ""});
  section.body = html_table(rows) + "<p>Peak signal-to-noise ratio " + readable_number(number_of(found.at("psnr_db"))) +
                 " dB, structural similarity " + three_decimals(number_of(found.at("ssim"))) + ", means over " +
                 found.at("patches").dump() + " patches.</p>";
  return section;
}

PageSection training_section(const ReportInputs& inputs) {
  PageSection section{"Training", "Losses of the autoencoder and of the diffusion model as they were logged.", ""};
  std::map<std::string, std::vector<Curve>> charts;
  for (const ordered_json& entry : inputs.metrics) {
    if (!entry.contains("loss")) continue;
    auto& curves = charts[entry.value("phase", "training")];
    const std::string kind = entry.value("kind", "train");
    auto curve = std::find_if(curves.begin(), curves.end(), [&](const Curve& c) { return c.name == kind; });
    if (curve == curves.end()) curve = curves.insert(curves.end(), Curve{kind, {}});
    curve->points.emplace_back(number_of(entry.at("step")), number_of(entry["loss"]));
  }
  for (const auto& [phase, curves] : charts)
    section.body += "<h3>" + escaped(phase) + "</h3>" + line_chart(curves, "steps", "loss", true);
  if (charts.empty()) section.body = missing_note(inputs, "no training was logged");
  return section;
}

PageSection data_section(const ReportInputs& inputs) {
  PageSection section{"Data", "What the sets hold. Patients never stand on two sides of the split.", ""};
  if (inputs.prepare.is_null()) {
    section.body = missing_note(inputs, "no data were prepared");
    return section;
  }
  std::vector<std::vector<std::string>> rows = {{"Set", "Patients", "Series", "Patches", "By class"}};
  for (const auto& [name, split] : inputs.prepare.at("splits").items()) {
    std::string classes;
    for (const auto& [class_name, count] : split.at("classes").items())
      classes += (classes.empty() ? "" : ", ") + escaped(class_name) + " " + count.dump();
    rows.push_back({name, split.at("patients").dump(), split.at("series").dump(), split.at("patches").dump(), classes});
  }
  section.body = html_table(rows);
  if (!inputs.prepare.value("refused", ordered_json::object()).empty())
    section.body += "<p>Refused series, by reason: <code>" + escaped(inputs.prepare["refused"].dump()) + "</code></p>";
  return section;
}

PageSection provenance_section(const ReportInputs& inputs) {
  PageSection section{"How it was made", "Time, memory, versions, hashes and the whole configuration.", ""};
  if (!inputs.manifest.contains("stages")) {
    section.body = missing_note(inputs, "no stage is recorded");
    return section;
  }
  std::vector<std::vector<std::string>> rows = {{"Stage", "Time", "Peak memory", "Files", "Fingerprint"}};
  for (const auto& [name, stage] : inputs.manifest["stages"].items())
    rows.push_back({name, readable_seconds(stage.value("seconds", 0.0)),
                    readable_bytes(stage.value("peak_memory_bytes", 0.0)),
                    std::to_string(stage.value("outputs", ordered_json::object()).size()),
                    "<code>" + stage.value("fingerprint", "").substr(0, 16) + "</code>"});
  section.body = html_table(rows);
  if (inputs.manifest.contains("ctforge"))
    section.body += "<p>Versions: <code>" + escaped(inputs.manifest["ctforge"].dump()) + "</code>, device " +
                    escaped(inputs.manifest.value("device", "")) + ", seed " +
                    inputs.manifest.value("seed", ordered_json()).dump() + "</p>";
  if (inputs.samples.is_object() && inputs.samples.contains("checkpoint_sha256"))
    section.body +=
        "<p>Checkpoint SHA-256: <code>" + escaped(inputs.samples.value("checkpoint_sha256", "")) + "</code></p>";
  if (inputs.samples.is_object() && inputs.samples.contains("straightness"))
    section.body +=
        "<p>Straightness of the flow's trajectories: " + readable_number(number_of(inputs.samples["straightness"])) +
        " (Liu et al. 2023; 0 is straight, and one step then samples as well as many)</p>";
  if (inputs.manifest.contains("configuration"))
    section.body += "<details><summary>Configuration</summary><pre>" +
                    escaped(inputs.manifest["configuration"].dump(2)) + "</pre></details>";
  return section;
}

}  // namespace ctforge::pipeline
