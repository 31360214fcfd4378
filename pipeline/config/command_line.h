// The command line: ctforge STAGE --config FILE [--set key=value]... [--out DIR].
#pragma once

namespace ctforge::pipeline {

// Exit codes that scripts rely on.
enum ExitCode {
  kDone = 0,         // what was asked for is done
  kOurFault = 1,     // a fault of the program
  kUsage = 2,        // the command line or the configuration
  kData = 3,         // the data: nothing could be made of them, or the rest is done but series were refused
  kInterrupted = 75  // stopped when asked to, with everything done so far kept: run again to go on
};

// Runs the program; never throws. Errors are one line each on stderr.
int run_command_line(int argc, const char* const* argv);

}  // namespace ctforge::pipeline
