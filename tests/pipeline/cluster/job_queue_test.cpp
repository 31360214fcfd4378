// The scheduler's commands, with stand-ins for them first in the PATH.
#include "pipeline/cluster/job_queue.h"

#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "tests/support/support.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

class JobQueue : public testing::Test {
 protected:
  void SetUp() override { ::setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1); }
  void TearDown() override { ::setenv("PATH", path_.c_str(), 1); }
  void stand_in(const std::string& name, const std::string& lines) const {
    test::write_file(folder_ / name, "#!/bin/bash\n" + lines + "\n");
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }
  const test::TemporaryFolder folder_;
  const std::string path_ = std::getenv("PATH");
};

const JobRecord kRecord = {"slurm",
                           {{"prepare", "prepare", "prepare.sbatch", 1, "12", ""},
                            {"sample", "sample", "sample.sbatch", 4, "13", "afterok:12"}}};

TEST_F(JobQueue, ArgumentsArriveAsTheyAre) {
  stand_in("tool", "printf '[%s]' \"$@\"; echo >&2 error; exit 7");
  const auto result = run_tool({"tool", "a b", "$x", "it's", ""});
  EXPECT_EQ(result.output, "[a b][$x][it's][]error\n");
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(run_tool({"no-such-tool-anywhere"}).exit_code, 127);
}

TEST_F(JobQueue, SubmissionsAsEachSchedulerHasThem) {
  EXPECT_EQ(submit_words("slurm", "/a/x", "afterok:1"),
            (std::vector<std::string>{"sbatch", "--parsable", "--dependency=afterok:1", "/a/x"}));
  EXPECT_EQ(submit_words("pbs", "/a/x", "afterok:1,afterany:2"),
            (std::vector<std::string>{"qsub", "-W", "depend=afterok:1,afterany:2", "/a/x"}));
  EXPECT_EQ(submit_words("pbs", "x", ""), (std::vector<std::string>{"qsub", "x"}));
  stand_in("sbatch", "echo 'welcome to the site'; echo '77;cluster'");
  EXPECT_EQ(submit_script({"sbatch", "x"}), "77");
  stand_in("qsub", "echo '5[].server-1.example'");
  EXPECT_EQ(submit_script({"qsub", "x"}), "5[].server-1.example");
}

TEST_F(JobQueue, ARefusalIsTold) {
  stand_in("sbatch", "echo 'sbatch: error: invalid partition specified: x' >&2; exit 1");
  try {
    submit_script({"sbatch", "x"});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("invalid partition specified"), std::string::npos) << error.what();
  }
  stand_in("sbatch", "echo no number");
  EXPECT_THROW(submit_script({"sbatch", "x"}), ConfigError);
  EXPECT_THROW(submit_script({"no-such-tool-anywhere"}), ConfigError);
}

TEST_F(JobQueue, KnowsWhatIsStillQueued) {
  stand_in("squeue", "[[ \" $* \" == *' --jobs=12,13 '* ]] && echo '13 PENDING'");
  const auto queued = jobs_in_queue(kRecord);
  ASSERT_EQ(queued.size(), 1U);
  EXPECT_EQ(queued[0], (std::pair<std::string, std::string>{"13", "PENDING"}));
  stand_in("squeue", "echo 'slurm_load_jobs error: Invalid job id specified'; exit 1");
  EXPECT_TRUE(jobs_in_queue(kRecord).empty());
  stand_in("squeue", "echo 'Unable to contact slurm controller'; exit 1");
  EXPECT_THROW(jobs_in_queue(kRecord), ConfigError) << "nobody knows";
  EXPECT_TRUE(jobs_in_queue({}).empty());
}

TEST_F(JobQueue, OfPbsOnlyWhatItSaysIsGoneIsGone) {
  JobRecord pbs = kRecord;
  pbs.scheduler = "pbs";
  for (const char* gone :
       {"echo 'qstat: Unknown Job Id 12.server' >&2; exit 153",
        "echo 'qstat: 12.server Job has finished, use -x or -H' >&2; exit 35", "echo '    job_state = F'"}) {
    stand_in("qstat", std::string("if [[ $2 == 12 ]]; then ") + gone + "; exit; fi\necho '    job_state = R'");
    const auto queued = jobs_in_queue(pbs);
    ASSERT_EQ(queued.size(), 1U) << gone;
    EXPECT_EQ(queued[0], (std::pair<std::string, std::string>{"13", "RUNNING"}));
  }
  for (const char* unknown : {"echo 'Connection refused; qstat: cannot connect to server pbs (errno=15010)'; exit 1",
                              "echo 'qstat: End of File'; exit 0", "exit 35"}) {
    stand_in("qstat", unknown);
    EXPECT_THROW(jobs_in_queue(pbs), ConfigError) << "nobody knows: " << unknown;
  }
}

TEST_F(JobQueue, CancelsWhatWasSubmittedTheLastFirst) {
  stand_in("scancel", "echo \"$*\" >>" + (folder_ / "cancelled").string());
  EXPECT_TRUE(cancel_jobs(kRecord).empty());
  EXPECT_EQ(test::read_file(folder_ / "cancelled"), "13\n12\n");
}

TEST_F(JobQueue, TellsWhatCouldNotBeCancelled) {
  stand_in("scancel", "[[ $1 == 13 ]] || { echo 'scancel: error: Unable to contact slurm controller' >&2; exit 8; }");
  const auto left = cancel_jobs(kRecord);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, "12");
  stand_in("scancel", "echo 'scancel: error: Kill job error on job id 12: Invalid job id specified' >&2; exit 1");
  EXPECT_TRUE(cancel_jobs(kRecord).empty()) << "what is not there any more needs no cancelling";
  stand_in("qdel", "echo \"qdel: Unknown Job Id $1\" >&2; exit 153");
  EXPECT_TRUE(cancel_jobs({"pbs", kRecord.jobs}).empty());
  stand_in("qdel", "exit 1");
  EXPECT_EQ(cancel_jobs({"pbs", kRecord.jobs}).size(), 2U);
}

TEST_F(JobQueue, TheRecordIsReadAsWritten) {
  EXPECT_TRUE(read_job_record(folder_.path()).jobs.empty());
  write_job_record(folder_.path(), kRecord);
  const JobRecord read = read_job_record(folder_.path());
  EXPECT_EQ(read.scheduler, "slurm");
  ASSERT_EQ(read.jobs.size(), 2U);
  EXPECT_EQ(read.jobs[1].id, "13");
  EXPECT_EQ(read.jobs[1].parts, 4);
  EXPECT_EQ(read.jobs[1].after, "afterok:12");
  test::write_file(folder_ / "jobs/jobs.json", "{\"jobs\": 3}");
  EXPECT_THROW(read_job_record(folder_.path()), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
