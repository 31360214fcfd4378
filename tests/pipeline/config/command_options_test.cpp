// Words become options; what belongs together is asked for together.
#include "pipeline/config/command_options.h"

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

struct Parsed {
  std::string command;
  Options options;
};

Parsed parsed(std::vector<std::string> words) {
  CLI::App app("", "ctforge");
  Parsed result;
  add_commands(app, result.options);
  app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  result.command = app.get_subcommands().front()->get_name();
  return result;
}

TEST(CommandOptions, AreReadIntoTheirPlaces) {
  const Parsed sample =
      parsed({"sample", "-c", "a.yaml", "-c", "b.yaml", "-o", "run1", "--part", "2/8", "--threads", "3"});
  EXPECT_EQ(sample.command, "sample");
  EXPECT_EQ(sample.options.config, (std::vector<std::filesystem::path>{"a.yaml", "b.yaml"}));
  EXPECT_EQ(sample.options.out, "run1");
  EXPECT_EQ(sample.options.part, "2/8");
  EXPECT_EQ(sample.options.assignments, (std::vector<std::string>{"run.threads=3"}));
  EXPECT_EQ(parsed({"train", "--deterministic"}).options.assignments,
            (std::vector<std::string>{"run.deterministic=true"}));
  EXPECT_TRUE(parsed({"filter", "--keep-labels"}).options.keep_labels);
  EXPECT_TRUE(parsed({"submit", "--dry-run"}).options.submit.dry_run);
  EXPECT_EQ(parsed({"evaluate", "--part", "1/2"}).options.part, "1/2");
  for (const char* stage : {"run", "prepare", "train", "sample"})
    EXPECT_EQ(parsed({stage, "--fraction", "0.2"}).options.fraction, "0.2") << stage;
  EXPECT_THROW(parsed({"report", "--fraction", "0.2"}), CLI::ParseError);
}

TEST(CommandOptions, OneSideIsNotCompared) {
  EXPECT_NO_THROW(parsed({"evaluate", "--real", "a", "--synthetic", "b"}));
  EXPECT_THROW(parsed({"evaluate", "--real", "a"}), CLI::ParseError);
  EXPECT_EQ(parsed({"evaluate", "--part", "1/6"}).options.part, "1/6");
  EXPECT_THROW(parsed({"evaluate", "--real", "a", "--synthetic", "b", "--part", "1/6"}), CLI::ParseError);
  EXPECT_THROW(parsed({"sample", "--checkpoint", "unet"}), CLI::ParseError);
  EXPECT_THROW(parsed({"pull", "pacs:104"}), CLI::ParseError);  // without a folder for what comes
}

}  // namespace
}  // namespace ctforge::pipeline
