// Files that appear whole or not at all, whatever interrupts the writing.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace ctforge::io {

// Writes to a temporary file in the same folder, fsyncs it, renames it over path and fsyncs the folder. On any failure
// the temporary file is removed, what stood at path before stays, and std::system_error (with errno) is thrown.
// Missing parent folders are made.
void write_atomically(const std::filesystem::path& path, std::string_view bytes);
void write_atomically(const std::filesystem::path& path, const std::function<void(std::ostream&)>& write);
// For libraries that write files by name: write_to gets the temporary path, which has the extension of path.
void write_atomically_by_name(const std::filesystem::path& path,
                              const std::function<void(const std::filesystem::path&)>& write_to);

// The same file under another name, where the file system has hard links, else a copy of it. Replaces what stands
// there.
void link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to);

// Removes what interrupted writers left in a folder (not its subfolders); returns how many files.
int remove_leftovers(const std::filesystem::path& folder);

// The whole file; throws DataError(Unreadable).
std::string read_whole_file(const std::filesystem::path& path);

}  // namespace ctforge::io
