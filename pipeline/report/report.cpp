// The report stage: reads what other stages left, writes the page and the numbers.
#include "pipeline/report/report.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "pipeline/report/report_page.h"
#include "pipeline/report/report_sections.h"
#include "pipeline/report/report_texture.h"
#include "pipeline/sample/release.h"
#include "pipeline/train/train_metrics.h"

#include <algorithm>
#include <filesystem>

#include <version.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

// Null where the file is not there; throws where it is no JSON.
ordered_json read_json(const fs::path& path) {
  if (!fs::exists(path)) return {};
  ordered_json json = ordered_json::parse(io::read_whole_file(path), nullptr, false);
  if (json.is_discarded())
    throw io::DataError(io::Fault::Unreadable, path.filename().string() + " of this run is damaged");
  return json;
}

std::optional<io::ShardSet> read_shards(const fs::path& folder, const std::string& prefix) {
  if (!fs::exists(folder / (prefix + "-00000.safetensors"))) return std::nullopt;
  return io::ShardSet(folder, prefix);
}

// progress.json is written now and then, metrics.jsonl at each logged step.
void bring_up_to_date(ordered_json& progress, const std::vector<ordered_json>& metrics) {
  if (!progress.is_object() || progress.value("stage", "") != "train") return;
  const auto found = std::find_if(metrics.rbegin(), metrics.rend(), [&progress](const ordered_json& line) {
    return line["kind"] == "train" && line["phase"] == progress.value("phase", "");
  });
  if (found == metrics.rend()) return;
  const ordered_json& last = *found;
  const double newer_s = last.value("time", 0.0) - progress.value("time", 0.0);
  if (newer_s <= 0) return;
  progress["figures"][last["phase"].get<std::string>()]["train"] = last;
  progress["done"] = last["step"];
  progress["time"] = last["time"];
  if (progress.contains("time_left_s") && progress["time_left_s"].is_number())
    progress["time_left_s"] = std::max(0.0, progress["time_left_s"].get<double>() - newer_s);
}

ReportInputs read_inputs(const fs::path& out, bool under_way) {
  ReportInputs inputs;
  inputs.under_way = under_way;
  inputs.progress = read_json(out / "progress.json");
  // Without the file that its stage writes last, a set may still be growing.
  if (!under_way || fs::exists(out / "data" / "prepare.json")) inputs.train = read_shards(out / "data", "train");
  if (!under_way || fs::exists(out / "samples" / "samples.json"))
    inputs.synthetic = read_shards(out / "samples", "synthetic");
  inputs.prepare = read_json(out / "data" / "prepare.json");
  inputs.samples = read_json(out / "samples" / "samples.json");
  inputs.distances = read_json(out / "evaluation" / "distances.json");
  inputs.nearest = read_json(out / "evaluation" / "nearest.json");
  inputs.radiomics = read_json(out / "evaluation" / "radiomics.json");
  inputs.noise_power = read_json(out / "evaluation" / "noise_power.json");
  inputs.diversity = read_json(out / "evaluation" / "diversity.json");
  inputs.quality = read_json(out / "evaluation" / "quality.json");
  inputs.release = read_verdict(out);
  inputs.downstream = read_json(out / "evaluation" / "downstream.json");
  inputs.manifest = read_json(out / "manifest.json");
  // It cannot tell of itself: its own entry is finished after it.
  if (inputs.manifest.contains("stages")) inputs.manifest["stages"].erase("report");
  inputs.metrics = read_metrics(out / "metrics.jsonl");
  bring_up_to_date(inputs.progress, inputs.metrics);
  return inputs;
}

ordered_json report_json(const ReportInputs& inputs) {
  ordered_json json = {{"schema", 1}};
  // The parts keep the names they have in their own files.
  for (const auto& [name, part] : {std::pair{"distances", &inputs.distances},
                                   {"nearest", &inputs.nearest},
                                   {"radiomics", &inputs.radiomics},
                                   {"noise_power", &inputs.noise_power},
                                   {"diversity", &inputs.diversity},
                                   {"quality", &inputs.quality},
                                   {"downstream", &inputs.downstream}})
    if (part->is_object())
      for (const auto& [key, value] : part->items())
        if (key != "schema") json[key == "protocol" ? std::string(name) + "_protocol" : key] = value;
  json["release"] = inputs.release;
  json["data"] = inputs.prepare;
  json["samples"] = inputs.samples;
  json["training"] = inputs.metrics;
  json["manifest"] = inputs.manifest;
  json["under_way"] = inputs.under_way;
  if (inputs.under_way) json["progress"] = inputs.progress;
  return json;
}

}  // namespace

ordered_json run_report(const ReportConfig& config, const Context& context, bool under_way) {
  const ReportInputs inputs = read_inputs(context.out, under_way);
  if (!under_way && !inputs.manifest.contains("stages") && !inputs.train && !inputs.synthetic)
    throw io::DataError(io::Fault::Unreadable, "there is nothing of a run in this folder to report on");
  context.progress(0, 1, "page");
  std::vector<PageSection> sections = {gallery_section(inputs, config),
                                       distances_section(inputs),
                                       texture_section(inputs),
                                       dice_section(inputs),
                                       neighbours_section(inputs, config),
                                       labels_section(inputs),
                                       autoencoder_section(inputs),
                                       training_section(inputs),
                                       data_section(inputs),
                                       provenance_section(inputs)};
  std::erase_if(sections, [](const PageSection& section) { return section.body.empty(); });
  const std::string page =
      html_page("Synthetic CT: what was made and what it is worth", summary_block(inputs), sections);
  io::write_atomically(context.out / "report.json", report_json(inputs).dump(1) + "\n");
  io::write_atomically(context.out / "report.html", page);
  return {{"bytes", page.size()}};
}

}  // namespace ctforge::pipeline
