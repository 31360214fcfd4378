// Pushing a folder: everything arrives, a rerun sends the rest, and nothing real leaves.
#include "pipeline/network/push.h"

#include "io/dicom/dicom_identity.h"
#include "io/file/fault.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/network/archive_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

class Push : public testing::Test {
 protected:
  void SetUp() override {
    files_ = test::write_objects(from_.path(), 6);
    context_.out = out_.path();
  }
  PushResult push(PushConfig config = {}) {
    if (config.called == "ANY-SCP") config.called = "ARCHIVE";
    config.timeout_s = 5;
    config.backoff_s = 0;
    return run_push(config, "127.0.0.1:" + std::to_string(archive_.port()), from_.path(), context_);
  }
  std::string uid(std::size_t i) const { return io::read_dicom_identity(files_[i])->object_uid; }

  test::TemporaryFolder from_, out_;
  test::TestArchive archive_;
  std::vector<std::filesystem::path> files_;
  Context context_;
};

TEST_F(Push, AllArriveAndAreFound) {
  test::write_file(from_ / "SYN-1_mask.nii.gz", "no DICOM");
  PushConfig config;
  config.verify = true;
  const PushResult result = push(config);
  EXPECT_EQ(result.objects, 6);
  EXPECT_EQ(result.arrived, 6);
  EXPECT_EQ(result.found, 6);
  EXPECT_EQ(result.lacking(), 0);
  EXPECT_EQ(archive_.stored().size(), 6U);
  EXPECT_EQ(archive_.associations(), 2);  // one of them to ask
}

TEST_F(Push, ARerunSendsNothing) {
  push();
  const PushResult result = push();
  EXPECT_EQ(result.before, 6);
  EXPECT_EQ(result.arrived, 0);
  EXPECT_EQ(archive_.deliveries(), 6);
  EXPECT_EQ(archive_.associations(), 1);
}

TEST_F(Push, AfterADeathOnlyTheRestIsSent) {
  archive_.behaviour.dies_after = 4;
  PushConfig config;
  config.retries = 0;
  EXPECT_THROW(push(config), io::NetworkError);
  const PushResult result = push(config);
  EXPECT_EQ(result.before, 4);
  EXPECT_EQ(result.arrived, 2);
  EXPECT_EQ(archive_.deliveries(), 6);
  EXPECT_EQ(archive_.stored().size(), 6U);
}

TEST_F(Push, ADeathAndABusyArchiveAreSurvived) {
  archive_.behaviour.dies_after = 2;
  archive_.behaviour.busy_once = {uid(4)};
  const PushResult result = push();
  EXPECT_EQ(result.arrived, 6);
  EXPECT_EQ(result.lacking(), 0);
}

TEST_F(Push, ARefusedObjectIsCountedAndNotTriedAgain) {
  archive_.behaviour.refused = {uid(1)};
  const PushResult result = push();
  EXPECT_EQ(result.arrived, 5);
  EXPECT_EQ(result.lacking(), 1);
  EXPECT_EQ(archive_.deliveries(), 6);
}

TEST_F(Push, WhatTheArchiveLostIsSentAgain) {
  push();
  archive_.forget(uid(2));
  PushConfig config;
  config.verify = true;
  EXPECT_EQ(push(config).lacking(), 1);
  const PushResult result = push(config);
  EXPECT_EQ(result.arrived, 1);
  EXPECT_EQ(result.lacking(), 0);
}

TEST_F(Push, OneRealObjectKeepsAllAtHome) {
  std::filesystem::create_directory(from_ / "real");
  test::write_sample_series(from_ / "real", 1);
  try {
    push();
    FAIL() << "no error";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::NotSynthetic);
    EXPECT_TRUE(std::string(error.what()).starts_with("1 of 7 objects")) << error.what();
  }
  EXPECT_EQ(archive_.associations(), 0);
  PushConfig config;
  config.allow_real = true;
  EXPECT_EQ(push(config).arrived, 7);
}

TEST_F(Push, AWrongTitleIsNotTriedAgain) {
  PushConfig config;
  config.called = "OTHER";
  config.retries = 5;
  try {
    push(config);
    FAIL() << "no error";
  } catch (const io::NetworkError& error) {
    EXPECT_EQ(error.fault(), io::Fault::RefusedByPeer);
  }
}

TEST_F(Push, TwoObjectsOfOneUidAreRefused) {
  std::filesystem::copy_file(files_[0], from_ / "copy.dcm");
  EXPECT_EQ(push().objects, 6);  // a copy is the same object
  std::string bytes = test::read_file(files_[0]);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  test::write_file(from_ / "copy.dcm", bytes);
  EXPECT_THROW(push(), io::DataError);
}

TEST_F(Push, InterruptedItKeepsWhatArrived) {
  context_.interrupted = [this] { return archive_.deliveries() >= 3; };
  EXPECT_THROW(push(), Interrupted);
  context_.interrupted = [] { return false; };
  EXPECT_GE(push().before, 2);
  EXPECT_EQ(archive_.stored().size(), 6U);
}

TEST_F(Push, NothingToPushIsAnError) {
  const test::TemporaryFolder empty;
  EXPECT_THROW(run_push({}, "127.0.0.1:1", empty.path(), context_), io::DataError);
  EXPECT_THROW(run_push({}, "127.0.0.1:1", empty.path() / "none", context_), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
