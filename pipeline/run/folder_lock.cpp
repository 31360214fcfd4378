// The lock as flock has it, and a line about its holder.
#include "pipeline/run/folder_lock.h"

#include "pipeline/config/config_tree.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

namespace ctforge::pipeline {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw ConfigError({{"--out", "", why}}); }

// The batch system's name of this job; empty outside of one.
std::string job() {
  for (const char* variable : {"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID"})
    if (const char* value = std::getenv(variable); value != nullptr && *value != '\0') return value;
  return {};
}

std::string about_us() {
  std::array<char, 256> host = {};
  ::gethostname(host.data(), host.size() - 1);
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> started = {};
  std::strftime(started.data(), started.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  const nlohmann::ordered_json json = {
      {"host", host.data()}, {"pid", ::getpid()}, {"job", job()}, {"started", started.data()}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// ": process 17 on node4, job 231, since ..." as the holder wrote; empty where it wrote nothing.
std::string holder(int descriptor) {
  std::array<char, 1024> text = {};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  const auto json = nlohmann::json::parse(text.data(), text.data() + std::max<ssize_t>(size, 0), nullptr, false);
  const bool whole = json.is_object() && json.contains("pid") && json["pid"].is_number_integer() &&
                     json.contains("host") && json["host"].is_string() && json.contains("started") &&
                     json["started"].is_string();
  if (!whole) return {};
  std::string line = ": process " + json["pid"].dump() + " on " + json["host"].get<std::string>();
  if (const auto job = json.find("job"); job != json.end() && job->is_string() && !job->get<std::string>().empty())
    line += ", job " + job->get<std::string>();
  return line + ", since " + json["started"].get<std::string>();
}

// Who only asks (is_held) holds the lock for microseconds, and must not keep a job from starting.
bool lock_soon(int descriptor, int operation) {
  for (int tries = 0; ::flock(descriptor, operation) != 0; ++tries) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK || tries >= 20) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder, Mode mode, const std::string& file)
    : alone_(mode == Mode::Alone), descriptor_(::open((folder / file).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) {
    const int error = errno;
    refuse(error == ENOSPC || error == EDQUOT ? "there is no space left for the output folder"
                                              : "the output folder cannot be written to");
  }
  const int operation = mode == Mode::Shared ? LOCK_SH | LOCK_NB : mode == Mode::InTurn ? LOCK_EX : LOCK_EX | LOCK_NB;
  if (!lock_soon(descriptor_, operation)) {
    const bool held = errno == EWOULDBLOCK;
    const std::string why = held ? "another ctforge is working in this folder" + holder(descriptor_)
                                 : "the file system of this folder has no locks (flock), so that two runs could spoil "
                                   "each other's work: have it mounted with them, or use another folder";
    ::close(descriptor_);
    refuse(why);
  }
  if (mode == Mode::Shared) {
    // Nobody holds it alone now: what stands there is of one that died.
    [[maybe_unused]] const int emptied = ::ftruncate(descriptor_, 0);
  }
  if (!alone_) return;
  // For people and for the message above; a full disk, which may still have room for what is done here, is no reason
  // to stop.
  const std::string text = about_us();
  [[maybe_unused]] const bool told =
      ::ftruncate(descriptor_, 0) == 0 && ::pwrite(descriptor_, text.data(), text.size(), 0) > 0;
}

bool FolderLock::is_held(const std::filesystem::path& folder) {
  const std::string file = folder / ".ctforge.lock";
  // NFS has a lock for oneself on files that are open for writing alone.
  int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  const int operation = descriptor >= 0 ? LOCK_EX : LOCK_SH;
  if (descriptor < 0) descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, operation | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

FolderLock::~FolderLock() {
  // An empty file tells that nobody is working here.
  if (alone_) [[maybe_unused]]
    const int emptied = ::ftruncate(descriptor_, 0);
  ::close(descriptor_);
}

}  // namespace ctforge::pipeline
