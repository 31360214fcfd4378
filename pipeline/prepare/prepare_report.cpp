// The tables and JSON files of the prepare stage.
#include "pipeline/prepare/prepare_report.h"

#include "io/file/digest.h"
#include "version.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>

namespace ctforge::pipeline {

namespace {

using nlohmann::ordered_json;

constexpr int kReportSchema = 1;
constexpr std::size_t kTableRows = 200;  // a log is no place for thousands; inventory.json has them all

std::map<std::string, std::int64_t> refusals_by_code(const io::Inventory& inventory) {
  std::map<std::string, std::int64_t> counts;
  for (const io::Series& series : inventory.series)
    if (!series.accepted()) ++counts[std::string(io::fault_code(series.refusals.front().fault))];
  return counts;
}

ordered_json series_json(const io::Series& series, const SeriesFate* fate) {
  ordered_json json = {{"series", series.id},
                       {"patient", series.patient},
                       {"kind", series.kind == io::SourceKind::Dicom ? "dicom" : "volume-file"},
                       {"size", series.geometry.size},
                       {"spacing_mm", series.geometry.spacing_mm},
                       {"body_part", series.body_part},
                       {"label_map", series.labelled()},
                       {"accepted", series.accepted()}};
  json["refusals"] = ordered_json::array();
  for (const io::Finding& finding : series.refusals)
    json["refusals"].push_back({{"code", io::fault_code(finding.fault)}, {"message", finding.message}});
  json["notes"] = series.notes;
  if (fate != nullptr && fate->taken) {
    json["split"] = io::split_name(fate->split);
    json["content_hmac_sha256"] = fate->content;
    json["patches"] = fate->patches;
    json["dropped_empty"] = fate->dropped_empty;
    json["dropped_unlabelled"] = fate->dropped_unlabelled;
    json["dropped_unclassed"] = fate->dropped_unclassed;
  }
  return json;
}

std::string padded(std::string text, std::size_t width) {
  text.append(text.size() < width ? width - text.size() : 0, ' ');
  return text;
}

}  // namespace

void require_patches(std::int64_t training, std::int64_t testing, std::int64_t series, std::int64_t refused) {
  if (training == 0)
    throw io::DataError(io::Fault::NothingUsable, "no patch to train on was kept from " + std::to_string(series) +
                                                      " series (" + std::to_string(refused) + " refused)");
  if (testing == 0)
    throw io::DataError(io::Fault::NothingUsable, "no patch of the patients held out for testing was kept");
}

ordered_json refusals_by_code(const ordered_json& inventory) {
  std::map<std::string, std::int64_t> counts;
  for (const ordered_json& series : inventory.at("series"))
    if (!series.at("refusals").empty()) ++counts[series["refusals"][0].at("code").get<std::string>()];
  return counts;
}

std::string input_sha256(const ordered_json& inventory) {
  std::vector<std::string> contents;
  for (const ordered_json& series : inventory.at("series"))
    if (const auto content = series.find("content_hmac_sha256"); content != series.end()) contents.push_back(*content);
  std::sort(contents.begin(), contents.end());
  io::Sha256 digest;
  for (const std::string& content : contents) digest.update(content);
  return digest.hex();
}

ordered_json inventory_json(const io::Inventory& inventory, const std::vector<SeriesFate>& fates) {
  ordered_json json = {{"schema", kReportSchema}, {"files", inventory.files}, {"skipped", inventory.skipped}};
  // By pseudonym: the order of paths stays out.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < inventory.series.size(); ++i) order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return inventory.series[a].id < inventory.series[b].id; });
  json["series"] = ordered_json::array();
  for (const std::size_t i : order)
    json["series"].push_back(series_json(inventory.series[i], fates.empty() ? nullptr : &fates[i]));
  return json;
}

std::vector<std::string> refusal_table(const io::Inventory& inventory) {
  std::vector<std::string> lines;
  const auto refused = std::count_if(inventory.series.begin(), inventory.series.end(),
                                     [](const io::Series& series) { return !series.accepted(); });
  lines.push_back(std::to_string(static_cast<std::int64_t>(inventory.series.size()) - refused) + " series taken, " +
                  std::to_string(refused) + " refused");
  if (refused == 0) return lines;
  std::size_t width = 0;
  for (const auto& [code, count] : refusals_by_code(inventory)) width = std::max(width, code.size());
  std::size_t rows = 0;
  for (const io::Series& series : inventory.series) {
    if (series.accepted()) continue;
    if (++rows > kTableRows) continue;
    for (const io::Finding& finding : series.refusals)
      lines.push_back("  " + series.id + "  " + padded(std::string(io::fault_code(finding.fault)), width) + "  " +
                      finding.message);
  }
  if (rows > kTableRows) lines.push_back("  and " + std::to_string(rows - kTableRows) + " more, see inventory.json");
  for (const auto& [code, count] : refusals_by_code(inventory))
    lines.push_back("  " + padded(code, width) + "  " + std::to_string(count));
  return lines;
}

ordered_json prepare_json(const PreparePlan& plan, const io::Inventory& inventory, const ordered_json& listed,
                          const std::vector<SeriesFate>& fates, const std::vector<SplitCount>& counts,
                          const std::vector<std::filesystem::path>& shards) {
  ordered_json json = {{"schema", kReportSchema},
                       {"ctforge", kVersion},
                       {"width", plan.shard.width},
                       {"height", plan.shard.height},
                       {"spacing_mm", plan.shard.spacing_mm},
                       {"window_hu", plan.shard.window_hu},
                       {"classes", plan.shard.classes},
                       {"labels", plan.shard.labels}};
  ordered_json splits = ordered_json::object();
  for (std::size_t i = 0; i < std::size(io::kSplits); ++i) {
    const SplitCount& count = counts.at(i);
    ordered_json classes = ordered_json::object();
    for (std::size_t c = 0; c < plan.shard.classes.size(); ++c) classes[plan.shard.classes[c]] = count.classes[c];
    splits[io::split_name(io::kSplits[i])] = {
        {"patients", count.patients}, {"series", count.series}, {"patches", count.patches}, {"classes", classes}};
  }
  json["splits"] = splits;
  json["patients_left_out"] = plan.left_out;
  SeriesFate dropped;
  for (const SeriesFate& fate : fates) {
    dropped.dropped_empty += fate.dropped_empty;
    dropped.dropped_unlabelled += fate.dropped_unlabelled;
    dropped.dropped_unclassed += fate.dropped_unclassed;
  }
  json["dropped"] = {{"empty", dropped.dropped_empty},
                     {"unlabelled", dropped.dropped_unlabelled},
                     {"unclassed", dropped.dropped_unclassed}};
  json["refused"] = refusals_by_code(listed);
  json["input_sha256"] = input_sha256(listed);
  json["unused_table_rows"] = plan.classes.unused_rows(inventory.series);
  json["shards"] = ordered_json::array();
  for (const auto& shard : shards)
    json["shards"].push_back({{"file", shard.filename().string()}, {"bytes", std::filesystem::file_size(shard)}});
  return json;
}

}  // namespace ctforge::pipeline
