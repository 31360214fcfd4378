// OUT/tensorboard: what a run measured, for TensorBoard, one run folder for each phase and kind so that curves overlay.
//
//   autoencoder/train, autoencoder/validation, diffusion/train, diffusion/validation   every figure of metrics.jsonl
//   segmenter/ARM-SEED        losses and validation Dice of a network of the segmentation experiment
//   samples                   a few synthetic samples of each class, at the generator's step
//
// Scalars are a copy of metrics.jsonl: wherever training begins or goes on, the phase gets new files made of what
// metrics.jsonl then holds, and those before are emptied, so that no step is there twice and none that was lost.
#pragma once

#include "io/file/shard.h"
#include "pipeline/observe/tensorboard.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// A line's figures as scalars, nested ones joined by "/"; what is no number is left out.
std::vector<std::pair<std::string, double>> scalars_of(const nlohmann::ordered_json& line);

class TensorBoardLog {
 public:
  // folder: OUT/tensorboard, made when there is something to write; metrics: OUT/metrics.jsonl. All that is written
  // throws std::system_error where it cannot be.
  TensorBoardLog(std::filesystem::path folder, std::filesystem::path metrics);

  // Makes the phase's files anew from metrics.jsonl.
  void rewrite(const std::string& phase);
  // All phases', where the folder is not there yet: figures of before it was asked for, or taken from another run.
  void rewrite_missing();
  // Adds a line that metrics.jsonl has got.
  void add(const nlohmann::ordered_json& line);
  // The curve of a segmentation network, as evaluation/downstream.json has it.
  void segmenter(const std::string& arm, std::int64_t seed, const nlohmann::ordered_json& curve, double time_s);
  // At most a few of each class, tagged as synthetic; level and width in HU.
  void samples(const io::ShardSet& set, std::int64_t step, double level_hu, double width_hu, double time_s);

 private:
  void rewrite(const std::string& phase, const std::string& kind);
  std::filesystem::path replace(const std::string& run, const std::string& records) const;
  std::filesystem::path folder_, metrics_;
  std::map<std::string, std::ofstream> open_;  // by run folder, where lines are being added
};

}  // namespace ctforge::pipeline
