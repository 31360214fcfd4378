// What is written, in which order it is submitted, and that nothing stays when something goes wrong.
#include "pipeline/cluster/submit.h"

#include "io/file/fault.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/run/stage.h"
#include "tests/support/support.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

class Submit : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
    stand_in("sbatch", "n=$(cat n 2>/dev/null || echo 100); echo $((n + 1)) | tee n; echo \"$*\" >>submitted");
    stand_in("qsub", "n=$(cat n 2>/dev/null || echo 100); echo $((n + 1)) | tee n; echo \"$*\" >>submitted");
    stand_in("squeue", "cat queue 2>/dev/null || true");
    stand_in("scancel", "echo \"$*\" >>cancelled");
  }
  void TearDown() override { ::setenv("PATH", path_.c_str(), 1); }
  void stand_in(const std::string& name, const std::string& lines) const {
    test::write_file(folder_ / name, "#!/bin/bash\ncd " + folder_.path().string() + "\n" + lines + "\n");
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }
  std::string submit(std::vector<std::string> assignments, const SubmitOptions& options = {}) const {
    assignments.insert(assignments.begin(), "run.stages=[phantom, prepare, train, sample, evaluate, report]");
    std::ostringstream text;
    run_submit(read_config({}, assignments), options, out_, text);
    return text.str();
  }
  std::string lines(const std::string& name) const { return test::read_file(folder_ / name); }

  const test::TemporaryFolder folder_;
  const fs::path out_ = folder_ / "a run";
  const std::string path_ = std::getenv("PATH");
};

TEST_F(Submit, AChainOfJobsAndTheirRecord) {
  const std::string told = submit({"cluster.sample_parts=2", "sample.count=512"});
  EXPECT_NE(told.find("104  sample, 2 parts, afterok:103\n"), std::string::npos) << told;
  const std::string place = (out_ / "jobs").string();
  EXPECT_EQ(lines("submitted"), "--parsable " + place + "/phantom.sbatch\n--parsable --dependency=afterok:101 " +
                                    place + "/prepare.sbatch\n--parsable --dependency=afterok:102 " + place +
                                    "/train.sbatch\n--parsable --dependency=afterok:103 " + place +
                                    "/sample.sbatch\n--parsable --dependency=afterok:104 " + place +
                                    "/sample-finish.sbatch\n--parsable --dependency=afterok:105 " + place +
                                    "/evaluate.sbatch\n--parsable --dependency=afterok:106 " + place +
                                    "/report.sbatch\n");
  const auto json = nlohmann::json::parse(test::read_file(out_ / "jobs/jobs.json"));
  ASSERT_EQ(json.at("jobs").size(), 7U);
  EXPECT_EQ(json.at("jobs")[6].at("id"), "107");
  for (const auto& job : json.at("jobs")) EXPECT_TRUE(fs::exists(out_ / "jobs" / job.at("script").get<std::string>()));
  EXPECT_TRUE(fs::is_directory(out_ / "jobs/logs"));
}

TEST_F(Submit, FractionsBesideTheRun) {
  const std::string told = submit({"evaluate.downstream.fractions=[0.5, 1]"});
  EXPECT_NE(told.find("105  fraction-0.5-prepare, afterok:102\n"), std::string::npos) << told;
  EXPECT_NE(told.find("106  fraction-0.5-train, afterok:105\n"), std::string::npos) << told;
  EXPECT_NE(told.find("108  evaluate, afterok:104:107\n"), std::string::npos) << told;
  const std::string script = test::read_file(out_ / "jobs/fraction-0.5-train.sbatch");
  EXPECT_NE(script.find(" train --config "), std::string::npos);
  EXPECT_NE(script.find(" --fraction 0.5 "), std::string::npos) << script;
  EXPECT_NE(script.find("await \"$run/fractions/0.5/.ctforge.lock\"\n"), std::string::npos);
  EXPECT_NE(script.find("exit/fraction-0.5-train\n"), std::string::npos);
  EXPECT_TRUE(fs::is_directory(out_ / "fractions/0.5"));
}

TEST_F(Submit, TheFrozenConfigurationIsTheSame) {
  const Config config =
      read_config({}, {"train.unet.channels=[8, 16]", "prepare.images='*\"x\\y_ct.nii'", "train.learning_rate=3e-5",
                       "cluster.setup=['export A=\"b c\"']", "prepare.structures=''", "sample.blend=['a b=0.5']"});
  test::write_file(folder_ / "config.yaml", to_yaml(config));
  const Config read = read_config({folder_ / "config.yaml"}, {});
  EXPECT_EQ(to_json(read), to_json(config));
  EXPECT_EQ(fingerprint(read, "report"), fingerprint(config, "report"));
}

TEST_F(Submit, ADryRunDoesNothing) {
  const std::string told = submit({}, {.dry_run = true});
  EXPECT_NE(told.find("/a run/jobs/train.sbatch <==\n#!/bin/bash\n"), std::string::npos) << told;
  EXPECT_NE(told.find("--dependency=afterok:ID-OF-prepare"), std::string::npos);
  EXPECT_FALSE(fs::exists(out_));
  EXPECT_FALSE(fs::exists(folder_ / "submitted"));
}

TEST_F(Submit, NothingStaysWhenOneIsRefused) {
  stand_in("sbatch",
           "[[ $* != *sample* ]] || { echo 'error: too many jobs' >&2; exit 1; }\n"
           "n=$(cat n 2>/dev/null || echo 100); echo $((n + 1)) | tee n");
  EXPECT_THROW(submit({}), ConfigError);
  EXPECT_EQ(lines("cancelled"), "103\n102\n101\n");
  EXPECT_TRUE(nlohmann::json::parse(test::read_file(out_ / "jobs/jobs.json")).at("jobs").empty());
}

// The controller goes away between one job and the next: two are queued, and nobody can take them back.
TEST_F(Submit, WhatCannotBeTakenBackIsNamedAndKeepsTheNextOneOut) {
  stand_in("sbatch",
           "[[ $* != *sample* ]] || { echo 'error: Unable to contact slurm controller' >&2; exit 1; }\n"
           "n=$(cat n 2>/dev/null || echo 100); echo $((n + 1)) | tee n");
  stand_in("scancel", "[[ $1 == 103 ]] || { echo 'error: Unable to contact slurm controller' >&2; exit 8; }");
  try {
    submit({});
    FAIL();
  } catch (const ConfigError& error) {
    const std::string said = error.what();
    EXPECT_NE(said.find("sbatch: says: error: Unable to contact"), std::string::npos) << said;
    EXPECT_NE(said.find("could not take back the jobs 101 102,"), std::string::npos) << said;
  }
  const auto left = nlohmann::json::parse(test::read_file(out_ / "jobs/jobs.json")).at("jobs");
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].at("id"), "101");
  EXPECT_EQ(left[1].at("id"), "102");
  test::write_file(folder_ / "queue", "101 PENDING\n");
  EXPECT_THROW(submit({}), ConfigError);
}

TEST_F(Submit, NotTwiceAndNotWhereSomebodyWorks) {
  submit({});
  test::write_file(folder_ / "queue", "103 RUNNING\n104 PENDING\n");
  try {
    submit({});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("103 RUNNING, 104 PENDING"), std::string::npos) << error.what();
  }
  test::write_file(folder_ / "queue", "");
  {
    const FolderLock working(out_);
    EXPECT_THROW(submit({}), ConfigError);
  }
  EXPECT_NO_THROW(submit({}));
}

TEST_F(Submit, FromAStageOnOrFromWhatIsNotDone) {
  EXPECT_THROW(submit({}, {.from = "bake"}), ConfigError);
  EXPECT_THROW(submit({}, {.from = "train"}), io::DataError) << "nothing was prepared";
  test::write_file(out_ / "data/prepare.json", "{}");
  submit({}, {.from = "train"});
  EXPECT_EQ(nlohmann::json::parse(test::read_file(out_ / "jobs/jobs.json")).at("jobs")[0].at("stage"), "train");
  // The first two done, as the manifest tells.
  const Config config = read_config({}, {"run.stages=[phantom, prepare, train, sample, evaluate, report]"});
  nlohmann::json manifest{{"schema", 1}};
  for (const std::string stage : {"phantom", "prepare"})
    manifest["stages"][stage] = {
        {"state", "done"}, {"fingerprint", fingerprint(config, stage)}, {"outputs", nlohmann::json::object()}};
  test::write_file(out_ / "manifest.json", manifest.dump());
  submit({});
  EXPECT_EQ(nlohmann::json::parse(test::read_file(out_ / "jobs/jobs.json")).at("jobs").size(), 4U);
  submit({"phantom.patients=7"});  // other settings: all anew
  EXPECT_EQ(nlohmann::json::parse(test::read_file(out_ / "jobs/jobs.json")).at("jobs").size(), 6U);
}

TEST_F(Submit, EverythingIsCheckedFirst) {
  for (const char* wrong :
       {"sample.eta=0.5", "cluster.account='a b'", "cluster.setup=['if true']", "prepare.input=/no/such/archive"})
    EXPECT_THROW(submit({wrong}), ConfigError) << wrong;
  EXPECT_FALSE(fs::exists(folder_ / "submitted"));
  std::ostringstream text;
  EXPECT_THROW(run_submit(read_config({}, {"run.stages=[phantom]"}), {}, folder_ / "a\"b", text), ConfigError);
}

TEST_F(Submit, PbsHasAttempts) {
  submit({"cluster.scheduler=pbs", "cluster.attempts=2"}, {.from = "phantom"});
  const std::string submitted = lines("submitted");
  EXPECT_NE(submitted.find("-W depend=afterany:101 "), std::string::npos) << submitted;
  EXPECT_NE(submitted.find("-W depend=afterok:102 "), std::string::npos);
  EXPECT_NE(submitted.find("-W depend=afterok:102,afterany:103 "), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(test::read_file(out_ / "jobs/jobs.json")).at("jobs").size(), 12U);
}

TEST_F(Submit, AWorkstationGetsOneScript) {
  const std::string told = submit({"cluster.scheduler=none"});
  EXPECT_NE(told.find("nohup '" + (out_ / "jobs/run.sh").string() + "'"), std::string::npos) << told;
  EXPECT_TRUE((fs::status(out_ / "jobs/run.sh").permissions() & fs::perms::owner_exec) != fs::perms::none);
  EXPECT_FALSE(fs::exists(folder_ / "submitted"));
}

}  // namespace
}  // namespace ctforge::pipeline
