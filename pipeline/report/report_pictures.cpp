// The sections that show patches: real beside synthetic, and samples beside their nearest training neighbours.
#include "pipeline/report/report_chart.h"
#include "pipeline/report/report_image.h"
#include "pipeline/report/report_sections.h"
#include "pipeline/report/report_state.h"
#include "pipeline/report/report_texture.h"

#include <algorithm>
#include <map>

namespace ctforge::pipeline {

namespace {

constexpr std::int64_t kShownPixels = 160;  // the least width of a shown patch

std::string picture(const io::ShardSet& set, std::int64_t index, const ReportConfig& config,
                    const std::string& caption) {
  const auto view = set.at(index);
  const std::int64_t height = set.info().height, width = set.info().width;
  const std::int64_t scale = std::clamp<std::int64_t>((kShownPixels + width - 1) / width, 1, 8);
  const auto rgb = render_patch(view.hu, view.mask, height, width, scale, config.level_hu, config.width_hu);
  return html_figure(data_uri(encode_png(rgb, height * scale, width * scale)), caption);
}

// Up to `count` patches of a class spread evenly over the set, so that they come from different patients.
std::vector<std::int64_t> spread_over(const io::ShardSet& set, std::int32_t class_index, std::int64_t count) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < set.size(); ++i)
    if (set.at(i).class_index == class_index) all.push_back(i);
  std::vector<std::int64_t> chosen;
  const auto total = static_cast<std::int64_t>(all.size());
  for (std::int64_t k = 0; k < std::min(count, total); ++k)
    chosen.push_back(all[static_cast<std::size_t>((2 * k + 1) * total / (2 * std::min(count, total)))]);
  return chosen;
}

std::string row_of(const io::ShardSet& set, std::int32_t class_index, const ReportConfig& config) {
  std::string html = "<div class=\"row\">";
  for (const std::int64_t index : spread_over(set, class_index, config.per_class))
    html += picture(set, index, config, "");
  return html + "</div>";
}

std::string label_key(const std::vector<std::string>& labels) {
  std::string html = "<p class=\"key\">";
  for (std::size_t value = 1; value < labels.size(); ++value)
    html += "<span><i style=\"background:" + css_colour(label_colour(static_cast<std::uint8_t>(value))) + "\"></i>" +
            escaped(labels[value]) + "</span>";
  return html + "</p>";
}

}  // namespace

std::string first_pictures(const io::ShardSet& set, std::int64_t count, const ReportConfig& config) {
  std::string html = "<div class=\"row\">";
  for (std::int64_t i = 0; i < std::min(count, set.size()); ++i) html += picture(set, i, config, "");
  return html + "</div>";
}

PageSection gallery_section(const ReportInputs& inputs, const ReportConfig& config) {
  PageSection section{"Real and synthetic, side by side",
                      "Each class: real training patches above, synthetic ones below. Contours are the label masks. "
                      "Grey levels show " +
                          readable_number(config.level_hu - config.width_hu / 2) + " to " +
                          readable_number(config.level_hu + config.width_hu / 2) + " HU.",
                      ""};
  if (!inputs.train || !inputs.synthetic) {
    section.body = missing_note(inputs, "prepared data and samples are both needed");
    return section;
  }
  const auto& classes = inputs.train->info().classes;
  section.body = label_key(inputs.train->info().labels);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto index = static_cast<std::int32_t>(c);
    section.body += "<h3>" + escaped(classes[c]) + "</h3>Real" + row_of(*inputs.train, index, config) + "Synthetic" +
                    row_of(*inputs.synthetic, index, config);
  }
  return section;
}

PageSection neighbours_section(const ReportInputs& inputs, const ReportConfig& config) {
  const bool coded = inputs.nearest.is_object() &&
                     inputs.nearest.at("nearest").at("correlation").value("held_out_through_autoencoder", false);
  PageSection section{
      "Is it a copy?",
      std::string("Samples (left of each pair) beside the training patch most like them, the closest pairs first. "
                  "Held-out real patients") +
          (coded ? ", passed through the same autoencoder for the correlation," : "") +
          " are the yardstick: copies would be nearer to the training set than those are. Classes are not matched, so "
          "a share above 5 % calls for a look at the pairs; it proves no copy.",
      ""};
  if (inputs.nearest.is_null()) {
    section.body = missing_note(inputs, "not evaluated");
    return section;
  }
  std::vector<std::vector<std::string>> rows = {
      {"Measure", "Synthetic, median", "Held-out, median", "Synthetic nearer than 95 % of the held-out"}};
  for (const auto& [name, entry] : inputs.nearest.at("nearest").items()) {
    const auto median = [&](const char* side) {
      const auto& quantiles = entry.at(side);
      return quantiles.is_object() && quantiles.contains("median") && quantiles["median"].is_number()
                 ? readable_number(quantiles["median"].get<double>())
                 : std::string("n/a");
    };
    const auto& part = entry.at("nearer_than_95_percent_of_held_out");
    rows.push_back({escaped(name + ": " + entry.value("measure", "")), median("synthetic"), median("held_out"),
                    part.is_number() ? readable_number(100 * part.get<double>()) + " %" : "n/a"});
  }
  section.body = html_table(rows) + memorisation_table(inputs);
  if (!inputs.train || !inputs.synthetic) return section;
  section.body += "<div class=\"pairs\">";
  std::int64_t shown = 0;
  for (const auto& example : inputs.nearest.at("examples")) {
    if (shown++ >= config.neighbours) break;
    const auto synthetic = example.at("synthetic").get<std::int64_t>(), train = example.at("train").get<std::int64_t>();
    if (synthetic >= inputs.synthetic->size() || train >= inputs.train->size()) continue;
    section.body += "<div class=\"pair\">" +
                    picture(*inputs.synthetic, synthetic, config, "sample, " + escaped(example.value("class", ""))) +
                    picture(*inputs.train, train, config,
                            "nearest, correlation " + readable_number(example.at("correlation").get<double>())) +
                    "</div>";
  }
  section.body += "</div>";
  return section;
}

}  // namespace ctforge::pipeline
