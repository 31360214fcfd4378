// Tables of what radiomics.json, noise_power.json, diversity.json, quality.json and nearest.json hold.
#include "pipeline/report/report_texture.h"

#include "pipeline/report/report_figures.h"

#include <string>
#include <vector>

namespace ctforge::pipeline {

namespace {

using nlohmann::ordered_json;

const ordered_json kAbsent;

// Null where the parent holds no such thing.
const ordered_json& child(const ordered_json& parent, const std::string& key) {
  return parent.is_object() && parent.contains(key) ? parent[key] : kAbsent;
}

void add_row(std::vector<std::vector<std::string>>& rows, const std::string& name, const ordered_json& entry) {
  if (entry.is_object() && entry.contains("value")) rows.push_back(measure_row(name, entry));
}

std::string percent(const ordered_json& part) {
  return part.is_number() ? readable_number(100 * part.get<double>()) + " %" : "n/a";
}

std::string spectra(const ordered_json& noise, const ordered_json& of) {
  const ordered_json& frequencies = child(noise, "frequency_per_mm");
  std::vector<Curve> curves;
  for (const auto& [name, entry] : child(noise, "curves").items()) {
    Curve curve{name, {}};
    const ordered_json& power = child(entry, "power_hu2_mm2");
    for (std::size_t i = 0; i < frequencies.size() && i < power.size(); ++i)
      curve.points.emplace_back(number_of(frequencies[i]), number_of(power[i]));
    curves.push_back(std::move(curve));
  }
  if (curves.empty()) return "";
  return "<h3>Noise power spectra</h3>" + line_chart(curves, "cycles per mm", "HU² mm²", true) + "<p>Of " +
         escaped(of.is_string() ? of.get<std::string>() : "patches") + ".</p>";
}

// "area 3, pieces 1": how many samples each measure flagged.
std::string reasons_text(const ordered_json& tally) {
  std::string text;
  for (const auto& [measure, count] : child(tally, "reasons").items())
    text += (text.empty() ? "" : ", ") + escaped(measure) + " " + count.dump();
  return text;
}

}  // namespace

PageSection texture_section(const ReportInputs& inputs) {
  PageSection section{
      "Texture, noise and variety",
      "Distances of IBSI radiomics and of noise power spectra, lower is nearer; the similarity of pairs "
      "within a set, where more than the floor means that samples are too much alike. The floor is "
      "real patients against other real patients.",
      ""};
  std::vector<std::vector<std::string>> rows = {measure_heading()};
  const ordered_json& radiomics = child(inputs.radiomics, "radiomics");
  add_row(rows, "Fréchet radiomics distance (v0, unfiltered)",
          child(child(radiomics, "frd_v0_original_filters"), "frechet"));
  add_row(rows, "its logarithm (v1, unfiltered)", child(child(radiomics, "frd_v1_original_filters"), "log_frechet"));
  for (const auto& [organ, entry] : child(inputs.radiomics, "organs").items())
    add_row(rows, "logarithm (v1, unfiltered) of " + escaped(organ) + " under its mask, shape included",
            child(child(entry, "frd_v1_original_filters"), "log_frechet"));
  const ordered_json& noise = child(inputs.noise_power, "noise_power");
  add_row(rows, "noise power, log-spectral distance (dB)", child(child(noise, "distance"), "log_spectral_db"));
  add_row(rows, "noise, standard deviation (HU)", child(child(noise, "noise"), "deviation_hu"));
  add_row(rows, "multi-scale structural similarity of pairs", child(child(inputs.diversity, "diversity"), "ms_ssim"));
  if (rows.size() == 1) return section;
  section.body = html_table(rows) + spectra(noise, child(child(inputs.noise_power, "protocol"), "of"));
  return section;
}

PageSection labels_section(const ReportInputs& inputs) {
  PageSection section{"Labels that look like no patient's",
                      "Samples whose HU under a mask, or whose mask itself, lies outside what the training patients "
                      "show. Held-out patients tell how often that is a false alarm.",
                      ""};
  const ordered_json& quality = child(inputs.quality, "quality");
  if (!quality.is_object()) return section;
  std::vector<std::vector<std::string>> rows = {{"Label", "Samples flagged", "Held-out patches flagged", "By what"}};
  rows.push_back({"any", percent(child(child(quality, "synthetic"), "rate")),
                  percent(child(child(quality, "held_out"), "rate")), ""});
  for (const auto& [label, entry] : child(quality, "labels").items()) {
    if (entry.contains("not_judged"))
      rows.push_back({escaped(label), "not judged", "", escaped(entry["not_judged"].get<std::string>())});
    else
      rows.push_back({escaped(label), percent(child(child(entry, "synthetic"), "rate")),
                      percent(child(child(entry, "held_out"), "rate")), reasons_text(child(entry, "synthetic"))});
  }
  section.body = html_table(rows);
  if (const auto flagged = child(inputs.quality, "rejected").size(); flagged > 0)
    section.body += "<p><code>ctforge filter</code> leaves these " + std::to_string(flagged) + " samples out.</p>";
  return section;
}

std::string memorisation_table(const ReportInputs& inputs) {
  std::vector<std::vector<std::string>> rows = {{"Features", "Measure", "Synthetic", "Held-out or expected"}};
  for (const auto& [features, found] : child(inputs.nearest, "memorisation").items()) {
    const std::string name = escaped(pretty_features(features));
    const auto add = [&](const char* what, const ordered_json& value, const std::string& expected) {
      if (value.is_number()) rows.push_back({name, what, readable_number(value.get<double>()), expected});
    };
    const auto held_out = [](const ordered_json& pair) { return readable_number(number_of(child(pair, "held_out"))); };
    const ordered_json &authenticity = child(found, "authenticity"), &ratio = child(found, "distance_ratio"),
                       &membership = child(found, "membership");
    add("authentic part (copies: 0)", child(authenticity, "synthetic"), held_out(authenticity));
    add("nearest over second nearest distance (copies: 0)", child(ratio, "synthetic"), held_out(ratio));
    add("part nearer to training than to held-out patches (copies: 1)", child(found, "nearer_to_training"), "0.5");
    add("C_T (copying: far below 0)", child(found, "copying_statistic"), "0");
    const ordered_json& frechet = child(found, "frechet");
    add("Fréchet distance to as many training as held-out patients", child(frechet, "to_training"),
        readable_number(number_of(child(frechet, "to_held_out"))) + " to held-out ones");
    if (child(membership, "auc").is_number())
      rows.push_back(
          {name, "AUC of membership inference, by patient", with_interval(membership, "auc", "interval"), "0.5"});
  }
  return rows.size() > 1 ? "<h3>What features tell of copies</h3>" + html_table(rows) : "";
}

}  // namespace ctforge::pipeline
