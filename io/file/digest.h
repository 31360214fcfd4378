// SHA-256 and keyed hashes: content identity for the manifest, pseudonyms for patients and series.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ctforge::io {

// SHA-256 (FIPS 180-4) of what update() was given.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);
  // 64 lower-case hexadecimal digits; the object is spent afterwards.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
// Of a file's contents, read in pieces; throws DataError(Unreadable).
std::string sha256_file(const std::filesystem::path& path);

// HMAC-SHA-256 (RFC 2104), 64 hexadecimal digits.
std::string hmac_sha256_hex(std::string_view key, std::string_view message);

}  // namespace ctforge::io
