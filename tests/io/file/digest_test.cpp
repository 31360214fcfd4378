// Published vectors: FIPS 180-4 example "abc", RFC 4231 test case 2.
#include "io/file/digest.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, Sha256OfAbc) {
  EXPECT_EQ(sha256_hex("abc"), kAbc);
  Sha256 pieces;
  pieces.update("a");
  pieces.update("bc");
  EXPECT_EQ(pieces.hex(), kAbc);
}

TEST(Digest, FileEqualsMemory) {
  test::TemporaryFolder folder;
  test::write_file(folder / "x", "abc");
  EXPECT_EQ(sha256_file(folder / "x"), kAbc);
  EXPECT_THROW(sha256_file(folder / "absent"), DataError);
}

TEST(Digest, HmacOfRfc4231Case2) {
  EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace ctforge::io
