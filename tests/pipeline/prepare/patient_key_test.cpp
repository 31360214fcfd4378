// The key is made once, kept private, and refused when it is too short to protect.
#include "pipeline/prepare/patient_key.h"

#include "pipeline/config/config_tree.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace ctforge::pipeline {
namespace {

TEST(PatientKey, IsMadeOnceAndReadableByItsOwnerAlone) {
  test::TemporaryFolder out, other;
  const std::string key = patient_key("", out.path());
  EXPECT_EQ(key.size(), 32u);
  EXPECT_EQ(patient_key("", out.path()), key);
  EXPECT_NE(patient_key("", other.path()), key);
  struct stat status = {};
  ASSERT_EQ(stat((out / "patient.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(PatientKey, AGivenFileIsUsedAsItIs) {
  test::TemporaryFolder out;
  test::write_file(out / "key", "sixteen bytes ok");
  EXPECT_EQ(patient_key(out / "key", out.path()), "sixteen bytes ok");
  EXPECT_FALSE(std::filesystem::exists(out / "patient.key"));
}

TEST(PatientKey, ShortAndMissingKeysAreConfigurationErrors) {
  test::TemporaryFolder out;
  test::write_file(out / "key", "short");
  EXPECT_THROW(patient_key(out / "key", out.path()), ConfigError);
  EXPECT_THROW(patient_key(out / "absent", out.path()), ConfigError);
}

}  // namespace
}  // namespace ctforge::pipeline
