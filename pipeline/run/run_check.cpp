// What is wrong with the settings of stages, across their sections.
#include "pipeline/evaluate/fractions.h"
#include "pipeline/run/run.h"
#include "pipeline/sample/sampler.h"
#include "pipeline/train/train_check.h"
#include "pipeline/train/train_gan.h"
#include "pipeline/train/train_method.h"

#include <algorithm>
#include <filesystem>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

void check_stages(const Config& config, const std::vector<std::string>& stages) {
  const auto asked = [&stages](const char* name) {
    return std::find(stages.begin(), stages.end(), name) != stages.end();
  };
  std::vector<ConfigProblem> problems;
  const bool gan = config.model.kind == "gan";
  if (asked("train")) {
    gather_problems(problems, [&] { check_model(config.model, config.train); });
    gather_problems(problems, [&] { check_train(config.train); });
  }
  if (asked("sample")) gather_problems(problems, [&] { check_sample(config.sample); });
  if (asked("evaluate")) {
    gather_problems(problems, [&] { check_evaluate(config.evaluate); });
    gather_problems(problems, [&] { check_fractions(config); });
  }
  const bool guided = config.sample.guidance != 1 || !config.sample.blend.empty();
  if (asked("train") && asked("sample") && guided && config.sample.guidance_from.empty() &&
      config.sample.weaker.empty() && config.train.label_dropout == 0)
    problems.push_back(
        {"configuration", "sample.guidance", "must be 1, without sample.blend, where train.label_dropout is 0"});
  if (!gan && asked("train") && asked("sample") && guided && config.train.method == "consistency")
    problems.push_back({"configuration", "sample.guidance",
                        "must be 1, without sample.blend, for train.method consistency, which answers with a sample; "
                        "its teacher can be guided, train.consistency.teacher_guidance"});
  if (!gan && asked("train") && asked("sample") && config.train.times == "noisiest" && config.sample.steps > 1)
    problems.push_back(
        {"configuration", "sample.steps", "must be 1 for train.times noisiest, which learns one step alone"});
  if (asked("train") && config.run.device == "cpu" && config.train.precision == "fp16")
    problems.push_back({"configuration", "train.precision", "must not be fp16 on a CPU"});
  if (gan && asked("train") && asked("sample")) gather_problems(problems, [&] { check_gan_sampling(config.sample); });
  if (!gan && asked("train") && asked("sample") && problems.empty()) {
    gather_problems(problems, [&] { check_sampler(config.sample, parametrisation_of(method_of(config.train), 1)); });
  }
  const fs::path prometheus = config.run.prometheus;
  if (!prometheus.empty() && prometheus.extension() != ".prom")
    problems.push_back({"configuration", "run.prometheus", "must end in .prom: node_exporter reads no other files"});
  else if (!prometheus.empty() && !fs::is_directory(fs::absolute(prometheus).parent_path()))
    problems.push_back({"configuration", "run.prometheus", "must be a file in a folder that exists"});
  if (asked("prepare") && asked("evaluate") && config.prepare.split.table.empty() &&
      config.prepare.split.test_patients == 0)
    problems.push_back(
        {"configuration", "prepare.split.test_patients", "must not be 0 where evaluate needs held-out patients"});
  if (!problems.empty()) throw ConfigError(problems);
}

}  // namespace ctforge::pipeline
