// What a level of a network is made of, and how such parts are evaluated.
#pragma once

#include "models/nets/batch_share.h"

#include <functional>
#include <optional>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

namespace ctforge::nets {

// A part that takes a picture, and the embedded time where it wants to know it.
class StepImpl : public torch::nn::Module {
 public:
  // x [N,C,H,W]; time [N,time_channels], undefined in a network without time.
  virtual torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time = {}) = 0;

  void set_share(const BatchShare& share) { share_ = share; }

 protected:
  // What x is of the batch that dropout is drawn for; nothing: all of it.
  const std::optional<BatchShare>& share() const { return share_; }

 private:
  std::optional<BatchShare> share_;
};

// From now on, while training, the network is given that share of each batch.
void share_batch(torch::nn::Module& network, const BatchShare& share);

// A part of a network as a function of all that it takes, and how it is evaluated: training may compute it again on the
// way back instead of keeping what it computed. An empty runner evaluates it plainly.
using Block = std::function<torch::Tensor(const std::vector<torch::Tensor>& inputs)>;
using BlockRunner = std::function<torch::Tensor(const Block& block, const std::vector<torch::Tensor>& inputs)>;

torch::Tensor run_block(const BlockRunner& runner, const Block& block, std::vector<torch::Tensor> inputs);

}  // namespace ctforge::nets
