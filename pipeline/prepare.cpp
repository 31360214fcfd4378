// The prepare stage: scan, plan, then the patients.
#include "pipeline/prepare.h"

#include "io/atomic_file.h"
#include "io/fault.h"
#include "io/random.h"
#include "pipeline/input_listing.h"
#include "pipeline/log.h"
#include "pipeline/patient_key.h"
#include "pipeline/phantom.h"
#include "pipeline/prepare_patients.h"
#include "pipeline/prepare_plan.h"
#include "pipeline/prepare_report.h"
#include "pipeline/structure_names.h"

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

nlohmann::ordered_json run_prepare(const PrepareConfig& given, const Context& context, const SeriesReader& reader) {
  const PrepareConfig config = with_cohort_patterns(given);
  if (!config.structures.empty()) plan_labels(config, {});  // what contradicts it is told before any work
  const fs::path folder = context.out / "data";
  fs::create_directories(folder);
  fs::remove(folder / "prepare.json");  // first of all: what says that the data are whole
  io::remove_leftovers(folder);
  // Before anything is read, so that what comes meanwhile is seen next time.
  const std::string listing = listing_hmac_sha256(config, context.out);
  io::ScanOptions scan = scan_options(config, context.out, patient_key(config.key_file, context.out));
  scan.interrupted = context.interrupted;
  io::Inventory inventory;
  try {
    inventory = reader.scan(scan);
    if (context.interrupted()) throw Interrupted{"prepare"};
    io::write_atomically(folder / "inventory.json", inventory_json(inventory, {}).dump(1) + "\n");
    const fs::path tables = fs::is_directory(scan.path) ? scan.path : scan.path.parent_path();
    const PreparePlan plan = make_plan(config, tables, inventory, io::mix_seed(context.seed, kSplitStream));
    auto json = work_on_patients({config, context, reader, scan.hash_key, listing, folder, plan}, inventory);
    log_table(inventory);
    return json;
  } catch (const io::DataError&) {
    remove_prepared(folder);  // another attempt would find the same; an interruption or a full disk keeps what is done
    log_table(inventory);
    throw;
  }
}

}  // namespace ctforge::pipeline
