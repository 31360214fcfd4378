// Who does what of a stage, in two processes.
#include "pipeline/run/run_shared.h"

#include "tests/models/train/processes.h"

#include <string>

namespace ctforge::pipeline {
namespace {

using train::support::expect_nothing_to_complain_of;
using train::support::run_processes;

// What each process did, as "all" or "part 2 of 2", one word after the other.
std::string done_by(train::Group& group, Sharing sharing) {
  std::string done;
  Stage stage{"sample",
              [&done](const Config&, const Context& context) {
                done += !context.part ? "all "
                                      : "part " + std::to_string(context.part->index + 1) + " of " +
                                            std::to_string(context.part->count) + " ";
                return nlohmann::ordered_json{{"done", true}};
              },
              {},
              {}};
  stage.sharing = sharing;
  Context context;
  context.group = &group;
  context.leads = group.leads();
  const auto summary = run_shared(stage, {}, context);
  return done + (group.leads() && !summary.contains("done") ? "without a summary" : "");
}

TEST(RunShared, GivesEachProcessItsDue) {
  expect_nothing_to_complain_of(run_processes(2, [](train::Group& group) -> std::string {
    const bool leads = group.leads();
    if (done_by(group, Sharing::First) != (leads ? "all " : "")) return "first";
    if (done_by(group, Sharing::Steps) != "all ") return "steps";
    return done_by(group, Sharing::Parts) == (leads ? "part 1 of 2 all " : "part 2 of 2 ") ? "" : "parts";
  }));
}

TEST(RunShared, IsInterruptedInAllProcesses) {
  expect_nothing_to_complain_of(run_processes(2, [](train::Group& group) -> std::string {
    Stage stage{"sample",
                [&group](const Config&, const Context&) -> nlohmann::ordered_json {
                  if (!group.leads()) throw Interrupted{"sample"};
                  return {};
                },
                {},
                {}};
    stage.sharing = Sharing::Parts;
    Context context;
    context.group = &group;
    context.leads = group.leads();
    try {
      run_shared(stage, {}, context);
    } catch (const Interrupted&) {
      return "";
    }
    return "went on";
  }));
}

TEST(RunShared, IsTheStageItselfForOneProcess) {
  const Stage stage{"sample", [](const Config&, const Context&) { return nlohmann::ordered_json{{"n", 3}}; }, {}, {}};
  EXPECT_EQ(run_shared(stage, {}, {}).at("n"), 3);
}

}  // namespace
}  // namespace ctforge::pipeline
