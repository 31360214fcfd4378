// fork, one pipe a process, and what came of each.
#include "tests/models/train/processes.h"

#include "models/train/loopback.h"

#include <sys/wait.h>
#include <torch/utils.h>
#include <unistd.h>

namespace ctforge::train::support {

namespace {

[[noreturn]] void run(int rank, int size, int listener, int pipe, const Work& work, const Group::Options& options) {
  torch::set_num_threads(1);
  Rendezvous where{rank, size, "127.0.0.1", port_of(listener), {}, false, {}};
  if (rank == 0) where.listener = listener;
  std::string said;
  int code = 0;
  try {
    Group group(where, torch::kCPU, options);
    try {
      said = work(group);
      group.leave();
    } catch (const PeerLost& lost) {
      said = lost.what();
      code = 1;
    } catch (const std::exception& error) {
      group.first_to_fail();
      said = error.what();
      code = 2;
    }
  } catch (const PeerLost& lost) {
    said = lost.what();
    code = 1;
  }
  [[maybe_unused]] const auto written = ::write(pipe, said.data(), said.size());
  std::_Exit(code);
}

}  // namespace

std::vector<ProcessEnd> run_processes(int size, const Work& work, const Group::Options& options) {
  const int listener = listen_on_loopback(0);
  std::vector<pid_t> children;
  std::vector<int> pipes;
  for (int rank = 0; rank < size; ++rank) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    const pid_t child = ::fork();
    if (child == 0) run(rank, size, listener, ends[1], work, options);
    ::close(ends[1]);
    children.push_back(child);
    pipes.push_back(ends[0]);
  }
  ::close(listener);
  std::vector<ProcessEnd> result;
  for (std::size_t i = 0; i < children.size(); ++i) {
    ProcessEnd end;
    char buffer[4096];
    for (ssize_t got; (got = ::read(pipes[i], buffer, sizeof buffer)) > 0;) end.said.append(buffer, buffer + got);
    ::close(pipes[i]);
    int status = 0;
    ::waitpid(children[i], &status, 0);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
    result.push_back(end);
  }
  return result;
}

}  // namespace ctforge::train::support
