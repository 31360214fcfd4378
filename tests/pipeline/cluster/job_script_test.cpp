// Quoting, checked by the shell itself, and what all scripts have in common.
#include "pipeline/cluster/job_script.h"

#include "pipeline/cluster/job_queue.h"
#include "tests/support/support.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

TEST(JobScript, TheShellReadsAQuotedWordAsItWas) {
  for (const std::string text : {"a", "a b", "it's", "$(id) `id` \\ \"", "-n", "*", "a;b&c|d", "", "~", "#", "é"}) {
    const auto result = run_tool({"bash", "-c", "printf '%s' " + shell_quoted(text)});
    EXPECT_EQ(result.output, text == "-n" ? "-n" : text) << text;
  }
  EXPECT_EQ(shell_quoted("/a/b-1.c:d"), "/a/b-1.c:d") << "what needs no quotes has none";
}

TEST(JobScript, DirectivesHaveNoWayOut) {
  EXPECT_EQ(directive_quoted("/a/b"), "/a/b");
  EXPECT_EQ(directive_quoted("/a b"), "\"/a b\"");
  for (const char* wrong : {"a\"b", "a\\b", "a\nb", "a\x7f"})
    EXPECT_THROW(directive_quoted(wrong), std::invalid_argument);
}

TEST(JobScript, TemplatesAreFilledOnce) {
  EXPECT_EQ(filled("{{a}}-{{b}}", {{"a", "{{b}}"}, {"b", "2"}}), "{{b}}-2");
  EXPECT_THROW(filled("{{a}}", {}), std::invalid_argument);
  EXPECT_THROW(filled("{{a", {{"a", ""}}), std::invalid_argument);
}

const JobPlaces kPlaces = {"/opt/ctforge", "/runs/a b", "/home of/x"};

TEST(JobScript, CommandsOfAJob) {
  const Config config = read_config({}, {"cluster.cpus=6"});
  const auto train = plan_jobs(config, {"train"})[0], prepare = plan_jobs(config, {"prepare"})[0];
  EXPECT_EQ(argument_words(config, train, kPlaces),
            "train --config '/runs/a b/jobs/config.yaml' --out '/runs/a b' --threads 6 --device cuda");
  EXPECT_EQ(argument_words(config, prepare, kPlaces),
            "prepare --config '/runs/a b/jobs/config.yaml' --out '/runs/a b' --threads 6");
  EXPECT_EQ(argument_words(read_config({}, {"run.threads=2", "cluster.gpus=0"}), prepare, kPlaces),
            "prepare --config '/runs/a b/jobs/config.yaml' --out '/runs/a b'");
}

TEST(JobScript, AContainerSeesTheRunAndWhatItIsGiven) {
  const Config config = read_config({}, {"cluster.container=/i.sif", "cluster.binds=[/data]"});
  EXPECT_EQ(program_words(config, {"ctforge", "/runs/a b", "/w"}, true),
            "apptainer exec --nv --bind '/runs/a b' --bind /w --bind /data --pwd /w /i.sif ctforge");
  EXPECT_EQ(program_words(read_config({}, {}), kPlaces, true), "/opt/ctforge");
}

TEST(JobScript, TheSitesLinesMayUseUnsetVariables) {
  EXPECT_EQ(environment_lines({}), "");
  EXPECT_EQ(first_line({}), "#!/bin/bash");
  ClusterConfig cluster;
  cluster.modules = {"cuda/12.4", "gcc"};
  cluster.setup = {"export A=$B"};
  EXPECT_EQ(first_line(cluster), "#!/bin/bash -l");
  const std::string lines = environment_lines(cluster);
  EXPECT_NE(lines.find("set +u\nmodule load cuda/12.4 gcc\nexport A=$B\nset -u\n"), std::string::npos) << lines;
}

// A child that takes its time to stop, and a signal that comes meanwhile: its own exit code comes back.
TEST(JobScript, ExitCodesComeThroughSignals) {
  const std::string script = std::string("set -euo pipefail\n") + kWatchLines + R"(
bash -c 'trap "sleep 0.3; exit 75" USR1; while :; do sleep 0.05; done' &
children=("$!")
(sleep 0.5; kill -TERM $$; sleep 0.1; kill -USR1 $$) &
wait_for "${children[0]}"
echo "$code $asked"
bash -c 'exit 3' &
wait_for "$!"
echo "$code"
)";
  EXPECT_EQ(run_tool({"bash", "-c", script}).output, "75 1\n3\n");
}

TEST(JobScript, WaitsForAFormerAttemptToEnd) {
  const test::TemporaryFolder folder;
  const std::string lock = "'" + (folder / ".ctforge.lock").string() + "'";
  const auto result = run_tool({"bash", "-c",
                                std::string("set -e\n") + kWatchLines + "run='" + folder.path().string() + "'; flock " +
                                    lock + " bash -c 'sleep 0.7; echo former ended' &\nsleep 0.2\n" +
                                    lock_lines({}, "") + "echo begins $code"});
  EXPECT_EQ(result.output, "former ended\nbegins 0\n");
}

// A part's own lock is looked at too: the folder's is shared with the parts beside it.
TEST(JobScript, APartWaitsForItsFormerAttemptAlone) {
  const test::TemporaryFolder folder;
  Job job;
  job.stage = "sample";
  job.parts = 4;
  const auto waited = [&](const std::string& held) {
    test::write_file(folder / held, "");
    return run_tool({"bash", "-c",
                     std::string("set -eu\n") + kWatchLines + "ID=2 run='" + folder.path().string() +
                         "'\nflock --shared '" + (folder / ".ctforge.lock").string() + "' sleep 0.7 &\nflock '" +
                         (folder / held).string() + "' bash -c 'sleep 0.7; echo ended' &\nsleep 0.2\n" +
                         lock_lines(job, "$ID") + "echo begins"})
        .output;
  };
  test::write_file(folder / ".ctforge.lock", "");
  EXPECT_EQ(waited("parts/.ctforge.sample-2-of-4.lock"), "ended\nbegins\n");
  EXPECT_EQ(waited("parts/.ctforge.sample-3-of-4.lock"), "begins\nended\n");
  job.fraction = "0.5";
  EXPECT_EQ(waited("fractions/0.5/parts/.ctforge.sample-2-of-4.lock"), "ended\nbegins\n");
}

TEST(JobScript, BeginsNothingWhenAskedToStopWhileItWaits) {
  const test::TemporaryFolder folder;
  const auto result =
      run_tool({"bash", "-c",
                std::string("set -e\n") + kWatchLines + "run='" + folder.path().string() + "'\nflock '" +
                    (folder / ".ctforge.lock").string() + "' sleep 2 &\n(sleep 0.4; kill -USR1 $$) &\nsleep 0.2\n" +
                    lock_lines({}, "") + "echo \"$code after $SECONDS s\""});
  EXPECT_TRUE(result.output == "75 after 0 s\n" || result.output == "75 after 1 s\n") << result.output;
}

// Whoever was killed because the job had to stop goes on later; whoever was killed for another reason may be tried
// again.
TEST(JobScript, WhatWasKilledIsInterruptedOnlyWhereTheJobWasAskedToStop) {
  const test::TemporaryFolder folder;
  Job job;
  job.name = "train";
  const auto code_after = [&](const std::string& before, const std::string& command) {
    return run_tool({"bash", "-c",
                     "set -euo pipefail\nexec 2>/dev/null\n" + std::string(kWatchLines) + again_lines({}) + "run='" +
                         folder.path().string() + "'\n" + before + "\n" +
                         run_lines(job, "bash -c '" + command + "'", "") + "echo \"$code\""})
        .output;
  };
  EXPECT_EQ(code_after("", "exit 3"), "3\n");
  EXPECT_EQ(code_after("", "kill -USR1 $$"), "75\n") << "before it listened";
  EXPECT_EQ(code_after("", "kill -KILL $$"), "137\n");
  EXPECT_EQ(code_after("(sleep 0.3; kill -TERM $$) &", "trap : USR1; sleep 1; sleep 1; kill -KILL $$"), "75\n");
}

TEST(JobScript, PrepareIsDoneWithoutRefusedSeriesOnly) {
  const test::TemporaryFolder folder;
  const auto after = [&folder](int code) {
    return run_tool({"bash", "-c",
                     std::string(kWatchLines) + kRefusedLines + "run='" + folder.path().string() +
                         "'; code=" + std::to_string(code) + "\nforgive_refused\nexit $code"})
        .exit_code;
  };
  EXPECT_EQ(after(3), 3) << "nothing was made";
  test::write_file(folder / "data/prepare.json", "{}");
  EXPECT_EQ(after(3), 0);
  EXPECT_EQ(after(2), 2);
  EXPECT_EQ(after(75), 75);
  Job job;
  job.stage = "prepare";
  EXPECT_TRUE(may_refuse(job));
  job.fraction = "0.5";
  EXPECT_FALSE(may_refuse(job));
}

TEST(JobScript, TriesAgainWithLongerAndLongerPauses) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "jobs/exit");
  ClusterConfig cluster;
  cluster.retries = 7;
  const auto result =
      run_tool({"bash", "-c",
                std::string("set -eu\n") + kWatchLines + again_lines(cluster) + "run='" + folder.path().string() +
                    "'\nsay() { :; }\nsleep() { echo \"$1\"; }\n"
                    "for code in 1 137 1 1 1 1 1 1 2 0 75; do\n"
                    "  if again x; then echo \"again after $code\"; else echo no; fi\ndone\n"
                    "went_well x; code=255; again x"});
  EXPECT_EQ(result.output,
            "60\nagain after 1\n120\nagain after 137\n240\nagain after 1\n480\nagain after 1\n"
            "960\nagain after 1\n1800\nagain after 1\n1800\nagain after 1\nno\nno\nno\nno\n60\n");
}

}  // namespace
}  // namespace ctforge::pipeline
