// Averages of the weights put aside during training, and the average of any length that they give afterwards
// (models/train/power_ema.h).
#pragma once

#include "models/nets/weights.h"
#include "models/train/trainer.h"
#include "pipeline/train/train.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace ctforge::pipeline {

// Files LENGTH-STEP.safetensors of a folder, float32, with the configuration they were trained with in their metadata.
class Averages {
 public:
  // config is section train; identity: the text that tells one training from another.
  Averages(std::filesystem::path folder, const TrainConfig& config, std::string identity);
  // Writes the trainer's power averages where they are due after that step: ema_snapshots times, evenly over
  // train.steps.
  void put_aside(const train::Trainer& trainer, std::int64_t step) const;
  // Writes them where a training ended, unless they are there: a time limit may come when none are due.
  void put_aside_last(const train::Trainer& trainer, std::int64_t step) const;
  // Removes those of another training and those beyond `step`, from which training goes on.
  void cut(std::int64_t step) const;

 private:
  void write(const train::Trainer& trainer, std::int64_t step) const;

  std::filesystem::path folder_;
  std::vector<double> lengths_;
  std::int64_t steps_, snapshots_;
  std::string identity_;
};

// The U-Net's weights averaged over that part (sigma_rel) of a training of `steps` steps, from what was put aside.
// identity: the configuration in the generator's checkpoint. Throws io::DataError where nothing of it was put aside.
nets::NamedTensors average_of_length(const std::filesystem::path& folder, double length, std::int64_t steps,
                                     const std::string& identity);

}  // namespace ctforge::pipeline
