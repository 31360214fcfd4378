// What parts leave of themselves for the manifest.
#include "pipeline/run/run_part.h"

#include "pipeline/config/config_tree.h"
#include "pipeline/run/folder_lock.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

void write_part(const std::filesystem::path& out, const std::string& name, const std::string& fingerprint,
                const ordered_json& makers) {
  std::filesystem::create_directories(out / "parts");
  test::write_file(out / "parts" / name, ordered_json{{"fingerprint", fingerprint}, {"made_by", makers}}.dump());
}

TEST(RunPart, MakersOfAllPartsAreNamedOnce) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(part_makers(folder.path(), "sample", "f").empty());
  write_part(folder.path(), "sample-1-of-3.json", "f", {{{"threads", 1}}});
  write_part(folder.path(), "sample-2-of-3.json", "f", {{{"threads", 1}}, {{"threads", 4}}});
  write_part(folder.path(), "sample-3-of-3.json", "other", {{{"threads", 9}}});
  write_part(folder.path(), "evaluate-1-of-3.json", "f", {{{"threads", 8}}});
  test::write_file(folder / "parts" / "sample-1-of-3.progress.json", "{}");
  test::write_file(folder / "parts" / "sample-2-of-3.jso", "half writ");
  EXPECT_EQ(part_makers(folder.path(), "sample", "f"), (ordered_json{{{"threads", 1}}, {{"threads", 4}}}));
  forget_parts(folder.path(), "sample");
  EXPECT_TRUE(part_makers(folder.path(), "sample", "f").empty());
  EXPECT_EQ(part_makers(folder.path(), "evaluate", "f").size(), 1u);
  forget_parts(folder.path(), "evaluate");
  EXPECT_FALSE(std::filesystem::exists(folder / "parts"));
}

TEST(RunPart, OneProcessAtATimeDoesAPart) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  std::filesystem::create_directories(folder / "parts");
  Config config;
  config.evaluate = test::quick_evaluation();
  const FolderLock other(folder / "parts", FolderLock::Mode::Alone, ".ctforge.evaluate-2-of-3.lock");
  EXPECT_THROW(run_part(config, "evaluate", folder.path(), {1, 3}), ConfigError);
}

// Its files are its own: parts beside it write theirs at the same time.
TEST(RunPart, TellsHowItBeganAndEnded) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  test::write_file(folder / "data" / "prepare.json", "{}");
  Config config;
  config.evaluate = test::quick_evaluation();
  config.run.threads = 1;
  const auto events_of = [&](const std::string& part) {
    std::vector<std::string> events;
    std::istringstream lines(test::read_file(folder / "parts" / (part + ".events.jsonl")));
    for (std::string line; std::getline(lines, line);) {
      const auto event = ordered_json::parse(line);
      const std::string name = event.at("event");
      if (name.starts_with("stage_")) events.push_back(name + " " + event.value("reason", ""));
    }
    return events;
  };
  run_part(config, "evaluate", folder.path(), {0, 2});
  EXPECT_EQ(events_of("evaluate-1-of-2"), (std::vector<std::string>{"stage_started ", "stage_finished "}));
  for (const auto& shard : std::filesystem::directory_iterator(folder / "data"))
    if (shard.path().extension() == ".safetensors") test::write_file(shard.path(), "no shard");
  EXPECT_THROW(run_part(config, "evaluate", folder.path(), {1, 2}), io::DataError);
  const auto events = events_of("evaluate-2-of-2");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1], "stage_failed invalid-shard");
  EXPECT_FALSE(std::filesystem::exists(folder / "events.jsonl"));
}

}  // namespace
}  // namespace ctforge::pipeline
