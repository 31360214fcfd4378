// fork and exec, with signals waited for in one place.
#include "pipeline/cluster/launch.h"

#include "models/train/loopback.h"
#include "pipeline/config/command_line.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ctforge::pipeline {

namespace {

using Clock = std::chrono::steady_clock;

struct Process {
  pid_t id = -1;
  bool running = false;
};

[[noreturn]] void become(int rank, int processes, int listener, pid_t parent, const sigset_t& signals,
                         const std::vector<std::string>& arguments) {
  // Whatever becomes of the launcher: a process left alone would wait for the others of its kind.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) std::_Exit(kInterrupted);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  const auto set = [](const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); };
  set("RANK", std::to_string(rank));
  set("LOCAL_RANK", std::to_string(rank));
  set("WORLD_SIZE", std::to_string(processes));
  set("LOCAL_WORLD_SIZE", std::to_string(processes));
  set("MASTER_ADDR", "127.0.0.1");
  set("MASTER_PORT", std::to_string(train::port_of(listener)));
  set("CTFORGE_LAUNCHED", std::to_string(listener));
  if (rank != 0) ::close(listener);
  std::vector<char*> words;
  std::string name = "ctforge";
  words.push_back(name.data());
  std::vector<std::string> own = arguments;
  for (std::string& word : own) words.push_back(word.data());
  words.push_back(nullptr);
  ::execv("/proc/self/exe", words.data());
  std::perror("ctforge: a process cannot be started");
  std::_Exit(kOurFault);
}

class Launch {
 public:
  Launch(int processes, const std::vector<std::string>& arguments) {
    sigemptyset(&awaited_);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGCHLD}) sigaddset(&awaited_, signal);
    sigset_t before;
    ::sigprocmask(SIG_BLOCK, &awaited_, &before);
    const int listener = train::listen_on_loopback(0);
    const pid_t parent = ::getpid();
    for (int rank = 0; rank < processes; ++rank) {
      const pid_t child = ::fork();
      if (child == 0) become(rank, processes, listener, parent, before, arguments);
      if (child < 0) {
        const int error = errno;
        pass_on(SIGKILL);
        throw std::system_error(error, std::generic_category(), "a process cannot be started");
      }
      processes_.push_back({child, true});
    }
    ::close(listener);
  }

  int wait() {
    while (std::any_of(processes_.begin(), processes_.end(), [](const Process& p) { return p.running; })) {
      const timespec second = {1, 0};
      const int signal = ::sigtimedwait(&awaited_, nullptr, &second);
      if (signal == SIGTERM || signal == SIGINT || signal == SIGUSR1) pass_on(signal);
      gather();
      if (failed_ && !killed_ && Clock::now() - *failed_ > std::chrono::seconds(kEndWithin_s)) {
        killed_ = true;
        hung_ = first_running();
        pass_on(SIGKILL);
      }
    }
    if (dead_ >= 0) {
      std::fprintf(
          stderr,
          "ctforge: process %d of the %zu that were launched was killed by signal %d (%s); the others were ended\n",
          dead_, processes_.size(), signal_, ::strsignal(signal_));
      return kOurFault;
    }
    if (code_ != 0) return code_;
    if (interrupted_) return kInterrupted;
    return lost_ ? tell_of_lost() : kDone;
  }

 private:
  int first_running() const {
    const auto found = std::find_if(processes_.begin(), processes_.end(), [](const Process& p) { return p.running; });
    return static_cast<int>(found - processes_.begin());
  }

  // None of the processes knows more than that another was gone.
  int tell_of_lost() const {
    constexpr const char* advice = "what is saved is kept: run the same command to go on";
    if (killed_)
      std::fprintf(stderr, "ctforge: process %d of the %zu that were launched gave no sign of life and was ended; %s\n",
                   hung_, processes_.size(), advice);
    else
      std::fprintf(stderr, "ctforge: the %zu processes that were launched did not meet, or lost each other; %s\n",
                   processes_.size(), advice);
    return kOurFault;
  }

  void pass_on(int signal) {
    passed_on_.insert(signal);
    for (const Process& process : processes_)
      if (process.running) ::kill(process.id, signal);
  }

  void gather() {
    int status = 0;
    for (pid_t id; (id = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      const auto found =
          std::find_if(processes_.begin(), processes_.end(), [id](const Process& p) { return p.id == id; });
      if (found == processes_.end()) continue;
      found->running = false;
      if (killed_) continue;
      // It was asked to stop before it listened: nothing had begun. The others would wait for it.
      if (WIFSIGNALED(status) && passed_on_.contains(WTERMSIG(status))) {
        interrupted_ = true;
        if (!failed_) failed_ = Clock::now();
        continue;
      }
      const int code = WIFEXITED(status) ? WEXITSTATUS(status) : kOurFault;
      interrupted_ = interrupted_ || code == kInterrupted;
      if (code == kDone || code == kInterrupted) continue;
      if (!failed_) failed_ = Clock::now();
      lost_ = lost_ || code == kOnlyLost;
      // One that knows what is wrong with the data or the configuration says more than one that failed with it.
      if (WIFEXITED(status) && code != kOnlyLost && (code_ == 0 || code_ == kOurFault)) code_ = code;
      if (WIFSIGNALED(status) && dead_ < 0) {
        dead_ = static_cast<int>(found - processes_.begin());
        signal_ = WTERMSIG(status);
      }
    }
  }

  sigset_t awaited_;
  std::vector<Process> processes_;
  std::set<int> passed_on_;
  std::optional<Clock::time_point> failed_;
  bool killed_ = false, interrupted_ = false, lost_ = false;
  int code_ = 0;
  int hung_ = -1;               // the first that had to be killed
  int dead_ = -1, signal_ = 0;  // the first that a signal ended
};

}  // namespace

int launch(int processes, const std::vector<std::string>& arguments) { return Launch(processes, arguments).wait(); }

}  // namespace ctforge::pipeline
