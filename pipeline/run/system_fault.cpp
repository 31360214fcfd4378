// Words for error codes.
#include "pipeline/run/system_fault.h"

#include <cerrno>

namespace ctforge::pipeline {

std::string describe(const std::error_code& code, const std::string& what) {
  const std::string said = what.empty() ? std::string("a file operation failed: ") + code.message() : what;
  if (code == std::errc::no_space_on_device)
    return said + ". The disk is full: what was done before is kept; make room and run the same command to go on";
  if (code.category() == std::generic_category() || code.category() == std::system_category()) {
    if (code.value() == EDQUOT)
      return said + ". The quota is used up: what was done before is kept; make room and run the same command to go on";
    if (code.value() == EFBIG)
      return said +
             ". Files may not grow larger here (ulimit -f): what was done before is kept; raise the limit and "
             "run the same command to go on";
    const bool of_a_port = what.find("MASTER_PORT") != std::string::npos;
    if (!of_a_port && (code.value() == EROFS || code.value() == EACCES || code.value() == EPERM))
      return said + ". The folder cannot be written to";
  }
  return said;
}

}  // namespace ctforge::pipeline
