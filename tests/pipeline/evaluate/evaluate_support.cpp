// A run's folder with shards of shapes, and a configuration of seconds.
#include "tests/pipeline/evaluate/evaluate_support.h"

#include "io/file/shard.h"
#include "pipeline/train/train_data.h"
#include "tests/eval/support.h"
#include "tests/support/support.h"

#include <torch/utils.h>

namespace ctforge::test {

void write_shards(const std::filesystem::path& folder, const std::string& prefix, const std::string& name,
                  std::int64_t count, std::uint64_t seed, bool synthetic, const std::vector<std::string>& labels) {
  const eval::PatchSet set = shapes(count, 16, seed);
  const eval::Pixels pixels = set.all();
  io::ShardInfo info;
  info.height = info.width = 16;
  info.classes = {"neck", "chest"};
  info.labels = labels;
  info.synthetic = synthetic;
  io::ShardWriter writer(folder, prefix, info, 10);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto* hu = pixels.hu[i].data_ptr<std::int16_t>();
    const auto* mask = pixels.mask[i].data_ptr<std::uint8_t>();
    const std::string patient = name + "-" + std::to_string(set.patient[static_cast<std::size_t>(i)]);
    writer.add({{hu, hu + 256},
                labels.size() > 1 ? std::vector<std::uint8_t>(mask, mask + 256) : std::vector<std::uint8_t>(256, 0),
                static_cast<std::int32_t>(i % 2),
                patient,
                patient,
                {.slice = static_cast<std::int32_t>(i % 4)}});
  }
  writer.finish();
}

void write_run(const std::filesystem::path& out, const std::vector<std::string>& labels) {
  write_shards(out / "data", "train", "P-train", 32, 1, false, labels);
  write_shards(out / "data", "validation", "P-validation", 8, 2, false, labels);
  write_shards(out / "data", "test", "P-test", 16, 3, false, labels);
  write_shards(out / "samples", "synthetic", "SYN", 24, 4, true, labels);
  write_file(out / "samples" / "samples.json",
             "{\"train_sha256\": \"" + pipeline::split_sha256(out / "data", "train") + "\"}");
}

void write_half(const std::filesystem::path& out) {
  const std::filesystem::path half = out / "fractions" / "0.5";
  write_shards(half / "data", "train", "P-train", 16, 1, false);
  write_shards(half / "data", "validation", "P-validation", 8, 2, false);
  write_shards(half / "data", "test", "P-test", 16, 3, false);
  write_shards(half / "samples", "synthetic", "SYN", 24, 5, true);
  write_file(half / "samples" / "samples.json",
             "{\"train_sha256\": \"" + pipeline::split_sha256(half / "data", "train") + "\"}");
}

void blank_masks(const std::filesystem::path& shard) {
  const io::SafetensorsFile file(shard);
  auto tensors = file.tensors();
  const std::vector<std::byte> zeros(tensors.at("mask").data.size());
  tensors.at("mask").data = zeros;
  io::write_safetensors(shard, tensors, file.metadata());
}

pipeline::EvaluateConfig quick_evaluation() {
  pipeline::EvaluateConfig config;
  config.lite0 = "none";
  config.torchscript.path = (source_dir() / "tests" / "oracle" / "mean_pool.pt").string();
  config.torchscript.size = 16;
  config.rounds = 4;
  config.per_class_least = 4;
  config.examples = 5;
  config.downstream.steps = 3;
  config.downstream.batch = 4;
  config.downstream.seeds = 2;
  config.downstream.channels = {4, 8};
  config.downstream.validate_every = 2;
  config.downstream.precision = "fp32";
  config.downstream.bootstrap = 200;
  return config;
}

pipeline::Context context_of(const std::filesystem::path& out) {
  pipeline::Context context;
  context.out = out;
  context.seed = 7;
  context.threads = 1;
  torch::set_num_threads(context.threads);  // as the runner of the stages does
  return context;
}

}  // namespace ctforge::test
