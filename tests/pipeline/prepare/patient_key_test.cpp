// The key is made once, kept private, and refused when it is too short to protect or open to everybody.
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

TEST(PatientKey, AKeyThatEverybodyCanReachIsRefused) {
  namespace fs = std::filesystem;
  const auto allow = [](const fs::path& path, int mode) { fs::permissions(path, static_cast<fs::perms>(mode)); };
  test::TemporaryFolder out;
  for (fs::path above = fs::canonical(out.path()).parent_path(); above != above.parent_path();
       above = above.parent_path())
    if ((fs::status(above).permissions() & fs::perms::others_exec) == fs::perms::none)
      GTEST_SKIP() << "temporary folders are private here";
  test::write_file(out / "key", "sixteen bytes ok");
  allow(out.path(), 0755);
  for (const int open : {0644, 0602, 0666}) {
    allow(out / "key", open);
    try {
      patient_key(out / "key", out.path());
      ADD_FAILURE() << "no error for mode " << open;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("chmod o-rwx"), std::string::npos) << error.what();
    }
  }
  allow(out / "key", 0640);
  EXPECT_EQ(patient_key(out / "key", out.path()), "sixteen bytes ok");
  allow(out / "key", 0644);
  allow(out.path(), 0700);  // nobody else comes to it
  EXPECT_EQ(patient_key(out / "key", out.path()), "sixteen bytes ok");
}

TEST(PatientKey, ShortAndMissingKeysAreConfigurationErrors) {
  test::TemporaryFolder out;
  test::write_file(out / "key", "short");
  EXPECT_THROW(patient_key(out / "key", out.path()), ConfigError);
  EXPECT_THROW(patient_key(out / "absent", out.path()), ConfigError);
}

}  // namespace
}  // namespace ctforge::pipeline
