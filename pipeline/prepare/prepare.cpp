// The prepare stage: scan, plan, then the patients.
#include "pipeline/prepare/prepare.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/random.h"
#include "pipeline/observe/log.h"
#include "pipeline/prepare/input_listing.h"
#include "pipeline/prepare/patient_key.h"
#include "pipeline/prepare/phantom.h"
#include "pipeline/prepare/prepare_merge.h"
#include "pipeline/prepare/prepare_parts.h"
#include "pipeline/prepare/prepare_patients.h"
#include "pipeline/prepare/prepare_plan.h"
#include "pipeline/prepare/prepare_report.h"
#include "pipeline/prepare/structure_names.h"
#include "pipeline/run/folder_lock.h"

#include <filesystem>

namespace ctforge::pipeline {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSplitStream = 0x5350'4c49'54;  // the stage's own stream of the run's seed

// The phantom cohort's own names, where none are asked for.
PrepareConfig with_cohort_patterns(PrepareConfig config) {
  const PrepareConfig defaults;
  const bool own = config.masks.empty() && config.structures.empty();
  if (!config.input.empty() || config.images != defaults.images || !own) return config;
  config.images = kCohortImages;
  config.masks = kCohortMasks;
  return config;
}

void log_table(const io::Inventory& inventory) {
  for (const std::string& line : refusal_table(inventory)) log_info("prepare: " + line);
}

}  // namespace

io::ScanOptions scan_options(const PrepareConfig& given, const fs::path& out, const std::string& key) {
  const PrepareConfig config = with_cohort_patterns(given);
  io::ScanOptions scan;
  if (!config.structures.empty()) scan.structures = read_structure_names(config.structures, config.labels).map;
  scan.path = input_of(config, out);
  scan.image = config.images;
  scan.labels = config.masks;
  scan.hash_key = key;
  scan.spacing_tolerance = config.spacing_tolerance;
  scan.min_slices = config.min_slices;
  scan.allow_burned_in = config.allow_burned_in;
  return scan;
}

namespace {

// What one attempt takes from where.
struct Source {
  fs::path folder;      // that the data are written to
  io::TreeShare share;  // of the input
  std::string listing;  // of that, before anything of it was read, so that what comes meanwhile is seen next time
};

nlohmann::ordered_json prepare_into(const Source& source, const PrepareConfig& config, const Context& context,
                                    const SeriesReader& reader, const std::string& key) {
  const fs::path& folder = source.folder;
  fs::create_directories(folder);
  fs::remove(folder / "prepare.json");  // first of all: what says that the data are whole
  io::remove_leftovers(folder);
  io::ScanOptions scan = scan_options(config, context.out, key);
  scan.share = source.share;
  scan.interrupted = context.interrupted;
  const Extent extent = source.share.count > 1 ? Extent::Part : Extent::Whole;
  io::Inventory inventory;
  try {
    inventory = reader.scan(scan);
    if (context.interrupted()) throw Interrupted{"prepare"};
    io::write_atomically(folder / "inventory.json", inventory_json(inventory, {}).dump(1) + "\n");
    const fs::path tables = fs::is_directory(scan.path) ? scan.path : scan.path.parent_path();
    const PreparePlan plan = make_plan(config, tables, inventory, io::mix_seed(context.seed, kSplitStream), extent);
    auto json = work_on_patients({config, context, reader, key, source.listing, folder, plan, extent}, inventory);
    log_table(inventory);
    return json;
  } catch (const io::DataError&) {
    remove_prepared(folder);  // another attempt would find the same; an interruption or a full disk keeps what is done
    log_table(inventory);
    throw;
  }
}

// The first of several that begin at the same time makes the key.
std::string key_in_turn(const PrepareConfig& config, const Context& context) {
  if (!context.part) return patient_key(config.key_file, context.out);
  const fs::path parts = context.out / "data" / "parts";
  fs::create_directories(parts);
  const FolderLock lock(parts, FolderLock::Mode::InTurn);
  return patient_key(config.key_file, context.out);
}

nlohmann::ordered_json put_together(const PrepareParts& parts, std::int64_t count, const PrepareParts::Work& one_part,
                                    const PrepareConfig& config, const Context& context) {
  check_prepare_parts(config);
  const fs::path data = context.out / "data";
  for (std::int64_t index = 0; index < count; ++index) parts.prepare({index, count}, one_part);
  remove_prepared(data);
  auto json = merge_parts(config, context, data, parts.folders(count), listing_hmac_sha256(config, context.out));
  parts.remove();
  log_info("prepare: put together of " + std::to_string(count) + " parts");
  return json;
}

}  // namespace

nlohmann::ordered_json run_prepare(const PrepareConfig& given, const Context& context, const SeriesReader& reader) {
  const PrepareConfig config = with_cohort_patterns(given);
  if (!config.structures.empty()) plan_labels(config, {});  // what contradicts it is told before any work
  if (context.part) check_prepare_parts(config);
  const fs::path data = context.out / "data";
  fs::create_directories(data);
  const std::string key = key_in_turn(config, context);
  const PrepareParts parts(config, context, key);
  const auto one_part = [&](const fs::path& folder, const io::TreeShare& share, const std::string& listing) {
    prepare_into({folder, share, listing}, config, context, reader, key);
  };
  if (context.part) {
    parts.prepare(*context.part, one_part);
    return nlohmann::ordered_json::object();
  }
  if (const auto count = parts.divided()) return put_together(parts, *count, one_part, config, context);
  return prepare_into({data, {}, listing_hmac_sha256(config, context.out)}, config, context, reader, key);
}

}  // namespace ctforge::pipeline
