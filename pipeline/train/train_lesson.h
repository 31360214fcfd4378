// What a step of the diffusion model's training minimises, whatever its method, and how that is validated.
#pragma once

#include "models/diffusion/loss.h"
#include "models/diffusion/precond.h"
#include "models/nets/expected_error.h"
#include "models/nets/unet.h"
#include "models/nets/weights.h"
#include "models/train/data_order.h"
#include "models/train/trainer.h"
#include "pipeline/sample/generator.h"
#include "pipeline/sample/generator_record.h"
#include "pipeline/train/train.h"

#include <cstdint>
#include <functional>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

namespace ctforge::pipeline {

// Data and the noise that goes with it, [n,C,h,w] float32 on the CPU. Undefined noise: any.
struct Pair {
  torch::Tensor data, noise;
  torch::Tensor movement;  // [n,7] how the data were moved (train_augment.h); undefined: not at all
};

// What is diffused, whatever codec made it.
struct DiffusionData {
  // Pairs of that share of these training items, drawn with the generator where the codec is random.
  std::function<Pair(const std::vector<std::int64_t>& items, const nets::BatchShare& share,
                     torch::Generator& generator)>
      draw;
  std::vector<std::int32_t> classes;  // of each training item
  Pair validation;                    // [V,C,h,w]; undefined data: no validation
  torch::Tensor validation_labels;    // [V] int64
};

// The U-Net and what is trained beside it. Its parameters have the U-Net's own names where there is nothing beside it,
// else names that begin with "unet.".
class LearnerImpl : public torch::nn::Module {
 public:
  LearnerImpl(nets::UNet unet, const TrainConfig& config);
  bool is_composite() const { return !expected_error.is_empty() || !movement_embedding.is_empty(); }

  nets::UNet unet{nullptr};
  // Where asked for:
  nets::ExpectedError expected_error{nullptr};
  // Without bias, so that it adds nothing for what was not moved, and nothing is missing where samples are drawn.
  torch::nn::Linear movement_embedding{nullptr};
};
TORCH_MODULE(Learner);

// Tensors of a checkpoint's average or weights without what was trained beside the U-Net, under the U-Net's own names.
nets::NamedTensors unet_tensors(nets::NamedTensors tensors);

// Class labels with each replaced by no_class with that probability: what guidance needs.
torch::Tensor drop_labels(const torch::Tensor& labels, double probability, std::int64_t no_class,
                          torch::Generator& generator);

class Lesson {
 public:
  // teacher: the generator of train.from, where a consistency model is distilled from it. group: the processes that
  // each take a share of every batch; may be null. All that is given by reference must outlive the lesson.
  Lesson(const TrainConfig& config, const GeneratorRecord& record, const DiffusionData& data, Learner learner,
         const Generator* teacher, torch::Device device, std::uint64_t seed, train::Group* group = nullptr);

  // The loss of this process's share of the batch.
  torch::Tensor step(const train::StepInput& input);
  // Over the validation items, the processes of the group sharing the work, with noise that is the same each time; eval
  // mode, the weights the network has: "loss",
  // and where the variance is learned "bits_per_dimension", the bound estimated from one step of each item. `step`:
  // steps done.
  nlohmann::ordered_json validate(std::int64_t step);
  // The variational bound over all steps of the path, mean over at most so many validation items, with the weights the
  // network has; where the variance is learned. Of latents the last step's term is no likelihood.
  double bits_per_dimension(std::int64_t items);

 private:
  struct Drawn {
    torch::Tensor noise;  // [whole,C,h,w]
    std::vector<double> times;
  };
  // For a batch of that many pairs of that shape.
  Drawn draw(const Pair& pair, std::int64_t whole, std::int64_t step, torch::Generator& generator) const;
  diffusion::LossResult loss(const Pair& pair, const torch::Tensor& labels, std::int64_t step,
                             const torch::Tensor& noise, const std::vector<double>& times, std::uint64_t dropout_seed);
  diffusion::Net network() const;
  diffusion::DenoiseEach taught(const torch::Tensor& labels) const;

  const TrainConfig& config_;
  const GeneratorRecord& record_;
  const DiffusionData& data_;
  Learner learner_;
  const Generator* teacher_;
  torch::Device device_;
  std::uint64_t seed_;
  train::Group* group_;
  nets::BatchShare share_;
  diffusion::Parametrisation parametrisation_;
  diffusion::LossOptions loss_options_;
  train::DataOrder order_;
};

}  // namespace ctforge::pipeline
