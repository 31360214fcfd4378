// Judging scans over all parts, linking or rewriting their shards, and adding up what they tell.
#include "pipeline/prepare/prepare_merge.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "io/volume/split.h"
#include "pipeline/observe/log.h"
#include "pipeline/prepare/prepare_scans.h"
#include "pipeline/run/json_file.h"
#include "pipeline/train/learned_scans.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace ctforge::pipeline {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr int kPartSchema = 1;
constexpr const char* kPartScans = "part_scans.json";

using Totals = std::array<std::int64_t, std::size(io::kSplits)>;

std::size_t split_index(const std::string& name) {
  std::size_t index = 0;
  while (io::split_name(io::kSplits[index]) != name) ++index;
  return index;
}

// A series as the part that took it tells of it.
struct PartSeries {
  std::size_t part = 0;
  ordered_json told;  // its entry in the part's inventory.json
  Scan scan;          // empty digest: nothing was taken of it
};

class Merge {
 public:
  Merge(const PrepareConfig& config, const Context& context, const fs::path& data, const std::vector<fs::path>& parts)
      : config_(config), context_(context), data_(data), folders_(parts) {}

  ordered_json run(const std::string& listing) {
    read();
    leave_out_torn_series();
    judge_scans();
    link_shards();
    const ordered_json inventory = write_inventory();
    ordered_json json = summary(inventory);
    json["listing_hmac_sha256"] = listing;
    json["parts"] = folders_.size();
    io::write_atomically(data_ / "prepare.json", json.dump(1) + "\n");
    return json;
  }

 private:
  void read() {
    for (std::size_t part = 0; part < folders_.size(); ++part) {
      prepared_.push_back(read_object(folders_[part] / "prepare.json"));
      const ordered_json inventory = read_object(folders_[part] / "inventory.json");
      const ordered_json scans = read_object(folders_[part] / kPartScans);
      if (prepared_.back().empty() || !inventory.contains("series") || !scans.contains("series"))
        throw io::DataError(io::Fault::Unreadable, "part " + std::to_string(part + 1) + " of " +
                                                       std::to_string(folders_.size()) +
                                                       " is damaged: remove its "
                                                       "folder in data/parts and prepare that part again");
      files_ += inventory.at("files").get<std::int64_t>();
      for (const auto& [reason, count] : inventory.at("skipped").items()) skipped_[reason] += count.get<std::int64_t>();
      std::map<std::string, Scan> found;
      for (const ordered_json& scan : scans["series"])
        found[scan.at("series")] = {scan.at("scan_sha256"), scan.at("labelled").get<bool>()};
      for (const ordered_json& told : inventory["series"]) series_.push_back({part, told, found[told.at("series")]});
      rows_ = std::max(rows_, scans.at("class_table_rows").get<std::int64_t>());
      used_rows_ += scans.at("class_table_rows").get<std::int64_t>() -
                    prepared_.back().at("unused_table_rows").get<std::int64_t>();
      labelled_.with += scans.at("with_label_map").get<std::int64_t>();
      labelled_.without += prepared_.back().at("series_without_label_map").get<std::int64_t>();
    }
    judge_labelled(config_, labelled_);
  }

  void refuse(PartSeries& series, io::Fault fault, const std::string& message) {
    series.told["accepted"] = false;
    series.told["refusals"].push_back({{"code", io::fault_code(fault)}, {"message", message}});
    nothing_of(series);
    for (const char* key :
         {"split", "content_hmac_sha256", "patches", "dropped_empty", "dropped_unlabelled", "dropped_unclassed"})
      series.told.erase(key);
  }

  void nothing_of(PartSeries& series) {
    if (series.told.value("patches", std::int64_t{0}) > 0) left_out_[series.part].insert(series.told.at("series"));
    series.scan = {};
  }

  // Copies in two parts are a matter of their scans; other files under one series are halves of it.
  void leave_out_torn_series() {
    std::map<std::string, std::vector<PartSeries*>> same;
    for (PartSeries& series : series_) same[series.told.at("series")].push_back(&series);
    for (auto& [id, found] : same) {
      if (found.size() == 1) continue;
      const bool copies = std::all_of(found.begin(), found.end(), [&](const PartSeries* series) {
        return !series->scan.sha256.empty() && series->scan.sha256 == found.front()->scan.sha256;
      });
      if (copies) continue;
      for (PartSeries* series : found)
        refuse(*series, io::Fault::MissingSlice,
               "files of one series lie in several parts: with a smaller prepare.part_depth they would not");
    }
  }

  void judge_scans() {
    std::set<std::string> two_names;  // patients of whom a part has found it
    std::map<std::tuple<std::size_t, std::string>, std::vector<PartSeries*>> patients;
    for (PartSeries& series : series_) {
      const std::string patient = series.told.at("patient");
      for (const ordered_json& refusal : series.told.at("refusals"))
        if (refusal.at("code") == io::fault_code(io::Fault::DuplicateScan)) two_names.insert(patient);
      if (!series.scan.sha256.empty()) patients[{split_index(series.told.at("split")), patient}].push_back(&series);
    }
    ScanRegister known;
    for (auto& [key, all] : patients) {
      std::vector<Scan> scans;
      for (const PartSeries* series : all) scans.push_back(series->scan);
      const bool refused = two_names.contains(std::get<1>(key));
      const auto verdicts =
          refused ? std::vector(all.size(), ScanRegister::Verdict::SamePerson) : known.judge(std::get<1>(key), scans);
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (verdicts[i] == ScanRegister::Verdict::SamePerson) {
          refuse(*all[i], io::Fault::DuplicateScan, "this patient and another one share a scan: one person");
        } else if (verdicts[i] == ScanRegister::Verdict::Copy) {
          nothing_of(*all[i]);
          all[i]->told["notes"].push_back("a copy of another series of the patient, which is taken");
          for (const char* count : {"patches", "dropped_empty", "dropped_unlabelled", "dropped_unclassed"})
            all[i]->told[count] = 0;
        }
      }
    }
  }

  void link_shards() {
    for (std::size_t split = 0; split < std::size(io::kSplits); ++split) {
      const std::string name = io::split_name(io::kSplits[split]);
      classes_.emplace_back(prepared_.front().at("classes").size(), 0);
      std::int64_t next = 0;
      for (std::size_t part = 0; part < folders_.size(); ++part) {
        if (context_.interrupted()) throw Interrupted{"prepare"};
        const auto& classes = prepared_[part].at("splits").at(name).at("classes");
        std::size_t c = 0;
        for (const auto& [label, count] : classes.items()) classes_[split][c++] += count.get<std::int64_t>();
        for (const fs::path& shard : shards_of(part, name)) {
          const auto kept = without_left_out(part, shard, split);
          if (!kept) continue;
          const std::string number = std::to_string(next++);
          const fs::path target = data_ / (name + "-" + std::string(5 - std::min<std::size_t>(5, number.size()), '0') +
                                           number + ".safetensors");
          io::link_or_copy(*kept, target);
          shards_.push_back(target);
        }
        context_.progress(static_cast<std::int64_t>(split * folders_.size() + part + 1),
                          static_cast<std::int64_t>(std::size(io::kSplits) * folders_.size()), "parts");
      }
    }
  }

  std::vector<fs::path> shards_of(std::size_t part, const std::string& split) const {
    std::vector<fs::path> shards;
    for (const ordered_json& shard : prepared_[part].at("shards"))
      if (const std::string file = shard.at("file"); file.starts_with(split + "-"))
        shards.push_back(folders_[part] / file);
    return shards;
  }

  // The shard itself where nothing of it is left out, a copy without that, or nothing when no patch stays.
  std::optional<fs::path> without_left_out(std::size_t part, const fs::path& shard, std::size_t split) {
    const auto leaves = left_out_.find(part);
    if (leaves == left_out_.end()) return shard;
    const io::ShardSet all(shard);
    std::vector<std::int64_t> kept;
    for (std::int64_t i = 0; i < all.size(); ++i) {
      const auto view = all.at(i);
      if (leaves->second.contains(view.series))
        --classes_[split][static_cast<std::size_t>(view.class_index)];
      else
        kept.push_back(i);
    }
    if (std::ssize(kept) == all.size()) return shard;
    if (kept.empty()) return std::nullopt;
    io::ShardWriter writer(folders_[part] / "merged", shard.stem(), all.info(), all.size());
    std::set<std::string> named;
    for (const std::int64_t i : kept) {
      const auto view = all.at(i);
      const auto contoured = all.info().contoured.find(view.series);
      if (named.insert(view.series).second && contoured != all.info().contoured.end())
        writer.set_contoured(view.series, contoured->second);
      writer.add(io::copied(view));
    }
    return writer.finish().front();
  }

  ordered_json write_inventory() {
    std::sort(series_.begin(), series_.end(),
              [](const PartSeries& a, const PartSeries& b) { return a.told.at("series") < b.told.at("series"); });
    ordered_json json = {{"schema", kPartSchema}, {"files", files_}, {"skipped", skipped_}};
    json["series"] = ordered_json::array();
    std::vector<ScanSet> scans(std::size(io::kSplits));
    for (const PartSeries& series : series_) {
      json["series"].push_back(series.told);
      if (!series.scan.sha256.empty() && series.told.value("patches", std::int64_t{0}) > 0)
        scans[split_index(series.told.at("split"))].insert(series.scan.sha256);
    }
    io::write_atomically(data_ / "inventory.json", json.dump(1) + "\n");
    write_scans(data_, scans);
    return json;
  }

  ordered_json summary(const ordered_json& inventory) const {
    ordered_json json = prepared_.front();  // what is the same in all parts, in its place
    std::array<std::set<std::string>, std::size(io::kSplits)> patients;
    Totals series = {}, patches = {}, dropped = {};
    std::int64_t refused = 0;
    bool held_out = false;
    for (const ordered_json& told : inventory.at("series")) {
      refused += told.at("accepted").get<bool>() ? 0 : 1;
      if (!told.contains("split")) continue;
      const std::size_t split = split_index(told.at("split"));
      held_out = held_out || io::kSplits[split] == io::Split::Test;
      const auto kept = told.at("patches").get<std::int64_t>();
      if (kept > 0) patients[split].insert(told.at("patient").get<std::string>());
      series[split] += kept > 0 ? 1 : 0;
      patches[split] += kept;
      std::size_t reason = 0;
      for (const char* key : {"dropped_empty", "dropped_unlabelled", "dropped_unclassed"})
        dropped[reason++] += told.at(key).get<std::int64_t>();
    }
    const auto test = static_cast<std::size_t>(io::Split::Test), train = static_cast<std::size_t>(io::Split::Train);
    require_patches(patches[train], held_out ? patches[test] : 1, std::ssize(series_), refused);
    for (std::size_t split = 0; split < std::size(io::kSplits); ++split) {
      ordered_json& told = json["splits"][io::split_name(io::kSplits[split])];
      told["patients"] = patients[split].size();
      told["series"] = series[split];
      told["patches"] = patches[split];
      std::size_t c = 0;
      for (auto& [name, count] : told["classes"].items()) count = classes_[split][c++];
    }
    std::int64_t beyond = 0;
    for (const ordered_json& part : prepared_) beyond += part.value("patients_left_out", std::int64_t{0});
    json["patients_left_out"] = beyond;
    json["dropped"] = {{"empty", dropped[0]}, {"unlabelled", dropped[1]}, {"unclassed", dropped[2]}};
    json["refused"] = refusals_by_code(inventory);
    json["input_sha256"] = input_sha256(inventory);
    json["unused_table_rows"] = std::max<std::int64_t>(0, rows_ - used_rows_);
    json["series_without_label_map"] = labelled_.without;
    json["shards"] = ordered_json::array();
    for (const fs::path& shard : shards_)
      json["shards"].push_back({{"file", shard.filename().string()}, {"bytes", fs::file_size(shard)}});
    return json;
  }

  const PrepareConfig& config_;
  const Context& context_;
  const fs::path& data_;
  const std::vector<fs::path>& folders_;
  std::vector<ordered_json> prepared_;  // of each part
  std::vector<PartSeries> series_;
  std::map<std::string, std::int64_t> skipped_;
  std::map<std::size_t, std::set<std::string>> left_out_;  // series of each part
  std::vector<std::vector<std::int64_t>> classes_;         // patches of each split and class
  std::vector<fs::path> shards_;
  LabelCount labelled_;
  std::int64_t files_ = 0, rows_ = 0, used_rows_ = 0;
};

}  // namespace

void write_part_scans(const fs::path& folder, const PreparePlan& plan, const io::Inventory& inventory,
                      const std::vector<SeriesFate>& fates) {
  std::int64_t with = 0;
  ordered_json json = {{"schema", kPartSchema}, {"class_table_rows", plan.classes.table_rows()}};
  ordered_json series = ordered_json::array();
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const io::Series& each = inventory.series[i];
    with += each.labelled() ? 1 : 0;
    if (fates[i].taken && !fates[i].scan_sha256.empty())
      series.push_back({{"series", each.id}, {"scan_sha256", fates[i].scan_sha256}, {"labelled", each.labelled()}});
  }
  json["with_label_map"] = with;
  json["series"] = std::move(series);
  io::write_atomically(folder / kPartScans, json.dump(1) + "\n");
}

ordered_json merge_parts(const PrepareConfig& config, const Context& context, const fs::path& data,
                         const std::vector<fs::path>& parts, const std::string& listing) {
  return Merge(config, context, data, parts).run(listing);
}

}  // namespace ctforge::pipeline
