// posix_spawn, which does not copy this program's memory maps, with a pipe that closes when the child is gone.
#include "io/file/child_process.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ctforge::io {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(int error, const char* what) { throw std::system_error(error, std::generic_category(), what); }

class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(other.value_) { other.value_ = -1; }
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() { reset(); }
  void reset() {
    if (value_ >= 0) close(value_);
    value_ = -1;
  }
  int get() const { return value_; }

 private:
  int value_;
};

// What posix_spawn is told, freed on leaving.
struct SpawnPlan {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  SpawnPlan() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
};

// Copies above every number the child uses, so that no copy overwrites another's source.
std::vector<Descriptor> lift(std::span<const int> descriptors, int alive) {
  std::vector<Descriptor> lifted;
  const int above = kFirstChildDescriptor + static_cast<int>(descriptors.size()) + 1;
  std::vector<int> all(descriptors.begin(), descriptors.end());
  all.push_back(alive);
  for (const int descriptor : all) {
    lifted.emplace_back(fcntl(descriptor, F_DUPFD_CLOEXEC, above));
    if (lifted.back().get() < 0) fail(errno, "duplicating a descriptor");
  }
  return lifted;
}

void plan_attributes(SpawnPlan& plan) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&plan.attributes, &none);
  posix_spawnattr_setsigdefault(&plan.attributes, &all);
  posix_spawnattr_setpgroup(&plan.attributes, 0);
  posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

pid_t spawn(const std::filesystem::path& program, std::span<const int> descriptors, int alive) {
  const std::vector<Descriptor> lifted = lift(descriptors, alive);
  SpawnPlan plan;
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&plan.files, stream, "/dev/null", O_RDWR, 0);
  for (std::size_t i = 0; i < lifted.size(); ++i)
    posix_spawn_file_actions_adddup2(&plan.files, lifted[i].get(), kFirstChildDescriptor + static_cast<int>(i));
  plan_attributes(plan);
  std::string name = program.string();
  char* arguments[] = {name.data(), nullptr};
  pid_t child = -1;
  const int error = posix_spawn(&child, name.c_str(), &plan.files, &plan.attributes, arguments, environ);
  if (error != 0) fail(error, "starting the decoder");
  return child;
}

enum class Wait { Closed, TimedOut, Interrupted };

// For the pipe to close.
Wait wait_for_close(int pipe, Clock::time_point deadline, const std::function<bool()>& interrupted) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Wait::TimedOut;
    if (interrupted && interrupted()) return Wait::Interrupted;
    pollfd entry = {pipe, POLLIN, 0};
    const int ready = poll(&entry, 1, static_cast<int>(std::min<long long>(left, interrupted ? 100 : 3600'000)));
    if (ready > 0) return Wait::Closed;
    if (ready < 0 && errno != EINTR) fail(errno, "waiting for the decoder");
  }
}

int reap(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail(errno, "waiting for the decoder");
  return status;
}

}  // namespace

SharedMemory::SharedMemory(std::size_t bytes) : size_(bytes) {
  descriptor_ = memfd_create("ctforge", MFD_CLOEXEC);
  if (descriptor_ < 0) fail(errno, "making shared memory");
  if (ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0)
    address_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (address_ == nullptr || address_ == MAP_FAILED) {
    const int error = errno;
    close(descriptor_);
    fail(error, "mapping shared memory");
  }
}

SharedMemory::~SharedMemory() {
  munmap(address_, size_);
  close(descriptor_);
}

ChildEnd run_child(const std::filesystem::path& program, std::span<const int> descriptors, double time_limit_s,
                   const std::function<bool()>& interrupted) {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) fail(errno, "making a pipe");
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const double limit_s = std::clamp(time_limit_s, 0.0, 1e8);
  const auto deadline =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limit_s));
  const pid_t child = spawn(program, descriptors, writing.get());
  writing.reset();
  ChildEnd end;
  const Wait waited = wait_for_close(reading.get(), deadline, interrupted);
  end.timed_out = waited == Wait::TimedOut;
  end.interrupted = waited == Wait::Interrupted;
  if (waited != Wait::Closed) kill(child, SIGKILL);
  const int status = reap(child);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  return end;
}

}  // namespace ctforge::io
