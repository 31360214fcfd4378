// Pulling into a folder: what was asked for, once, under names that tell nothing.
#include "pipeline/network/pull.h"

#include "io/dicom/dicom_identity.h"
#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <algorithm>
#include <system_error>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

class Pull : public testing::Test {
 protected:
  void SetUp() override {
    files_ = test::write_objects(from_.path(), 6);
    for (const auto& file : files_) archive_.put(file);
    context_.out = out_.path();
    config_.called = "ARCHIVE";
    config_.timeout_s = 5;
    config_.backoff_s = 0;
  }
  PullResult pull() { return run_pull(config_, "127.0.0.1:" + std::to_string(archive_.port()), context_); }
  std::vector<std::filesystem::path> pulled() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(out_.path()))
      if (entry.path().extension() == ".dcm") files.push_back(entry.path());
    return files;
  }

  test::TemporaryFolder from_, out_;
  test::TestArchive archive_;
  std::vector<std::filesystem::path> files_;
  Context context_;
  PullConfig config_;
};

TEST_F(Pull, EverythingOnce) {
  EXPECT_EQ(pull().received, 6);
  EXPECT_EQ(pulled().size(), 6U);
  const PullResult again = pull();
  EXPECT_EQ(again.before, 6);
  EXPECT_EQ(again.received, 0);
  EXPECT_EQ(again.lacking(), 0);
}

TEST_F(Pull, NothingNamesThePatient) {
  pull();
  const std::string uid = io::read_dicom_identity(files_[0])->object_uid;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(out_.path())) {
    EXPECT_EQ(entry.path().string().find("SYN-1"), std::string::npos);
    EXPECT_EQ(entry.path().string().find(uid), std::string::npos);
  }
  const std::string summary = test::read_file(out_ / "pull.json");
  EXPECT_EQ(summary.find("SYN-1"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(summary).at("received"), 6);
  const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  for (const auto& file : pulled())
    EXPECT_EQ(std::filesystem::status(file).permissions() & others, std::filesystem::perms::none);
}

TEST_F(Pull, ADeathIsSurvived) {
  archive_.behaviour.dies_after = 2;
  EXPECT_EQ(pull().received, 6);
  EXPECT_EQ(archive_.behaviour.dies_after, -1);
}

TEST_F(Pull, ByMove) {
  config_.method = "move";
  config_.listen_port = archive_.behaviour.destination_port = test::SilentPort().port();
  EXPECT_EQ(pull().received, 6);
}

TEST_F(Pull, OnlyThePatientsOfTheList) {
  test::write_file(out_ / "patients", "somebody else\r\n\n");
  config_.patients_file = out_ / "patients";
  EXPECT_THROW(pull(), io::DataError);
  test::write_file(out_ / "patients", "SYN-1\n");
  EXPECT_EQ(pull().received, 6);
}

TEST_F(Pull, ByPartOfTheBody) {
  config_.body_part = "HEAD";
  EXPECT_THROW(pull(), io::DataError);
  config_.body_part = "CHEST";
  EXPECT_EQ(pull().received, 6);
}

TEST_F(Pull, LimitsEndItAndKeepWhatCame) {
  config_.most_objects = 5;
  EXPECT_THROW(pull(), io::DataError);
  EXPECT_EQ(archive_.associations(), 1);  // the question alone
  config_.most_objects = 100;
  config_.most_gb = 2.5e-6 * static_cast<double>(std::filesystem::file_size(files_[0])) / 1000;
  EXPECT_THROW(pull(), io::DataError);
  EXPECT_EQ(pulled().size(), 2U);
  EXPECT_EQ(nlohmann::json::parse(test::read_file(out_ / "pull.json")).at("lacking"), 4);
}

TEST_F(Pull, AFullDiskEndsItAndTheRestComesLater) {
  const test::TemporaryFolder other;
  context_.out = other.path();
  pull();
  std::uintmax_t smallest = 1 << 20;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(other.path()))
    if (entry.path().extension() == ".dcm") smallest = std::min(smallest, entry.file_size());
  context_.out = out_.path();
  {
    const test::FileSizeLimit limit(smallest - 10);  // ends within the pixels, which are the last
    EXPECT_THROW(pull(), std::system_error);
  }
  EXPECT_TRUE(pulled().empty());
  EXPECT_EQ(nlohmann::json::parse(test::read_file(out_ / "pull.json")).at("lacking"), 6);
  EXPECT_EQ(pull().received, 6);
}

TEST_F(Pull, WrongSettingsAreAllTold) {
  config_.dates = "2020-01-01";
  config_.studies = {"Marxbrunner"};
  config_.listen_port = 4000;
  test::write_file(out_ / "patients", "A*\n");
  config_.patients_file = out_ / "patients";
  try {
    pull();
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 4U) << error.what();
    EXPECT_EQ(std::string(error.what()).find("Marxbrunner"), std::string::npos);
  }
  EXPECT_EQ(archive_.associations(), 0);
}

TEST_F(Pull, InterruptedItKeepsWhatCame) {
  context_.interrupted = [this] { return pulled().size() >= 2; };
  EXPECT_THROW(pull(), Interrupted);
  context_.interrupted = [] { return false; };
  EXPECT_GE(pull().before, 2);
  EXPECT_EQ(pulled().size(), 6U);
}

}  // namespace
}  // namespace ctforge::pipeline
