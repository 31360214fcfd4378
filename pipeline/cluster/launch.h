// Several processes of this program on this machine, working together: ctforge launch.
#pragma once

#include <string>
#include <vector>

namespace ctforge::pipeline {

// How long the others may take to end by themselves once one has failed, seconds.
inline constexpr int kEndWithin_s = 10;

// What a launched process ends with that has nothing to say for itself: it only lost another of them.
inline constexpr int kOnlyLost = 76;

// Starts the program with these arguments `processes` times, with the variables that pipeline/cluster/ranks.h reads,
// and waits. SIGTERM, SIGINT and SIGUSR1 are passed on; the processes end with this one. When one fails the others are
// ended within kEndWithin_s. If it was killed, one line on stderr says which and by what; likewise where all that
// failed ended with kOnlyLost, so that none of them has said why. Returns the exit code: that of the first to fail
// (kOurFault for a killed one, and for kOnlyLost alone), kInterrupted, or kDone. Throws std::system_error where no
// process can be started. Blocks signals, and must be called before other threads are started.
int launch(int processes, const std::vector<std::string>& arguments);

}  // namespace ctforge::pipeline
