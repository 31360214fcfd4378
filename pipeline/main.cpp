// The program ctforge.
#include "pipeline/command_line.h"

int main(int argc, char** argv) { return ctforge::pipeline::run_command_line(argc, argv); }
