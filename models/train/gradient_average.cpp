// Buckets of gradients, filled by hooks of the way back.
#include "models/train/gradient_average.h"

#include "models/train/adamw.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/utils.h>

namespace ctforge::train {

class GradientAverage::Impl : public std::enable_shared_from_this<GradientAverage::Impl> {
 public:
  Impl(Group& group, std::vector<torch::Tensor> parameters, std::int64_t bucket_bytes)
      : group_(group), parameters_(std::move(parameters)), sent_(parameters_.size()) {
    // The way back reaches the last parameters first.
    for (std::size_t i = parameters_.size(); i-- > 0;) {
      const torch::Tensor& parameter = parameters_[i];
      const bool full = buckets_.empty() || buckets_.back().bytes >= bucket_bytes ||
                        parameters_[buckets_.back().members.front()].scalar_type() != parameter.scalar_type();
      if (full) buckets_.emplace_back();
      buckets_.back().members.push_back(i);
      buckets_.back().bytes += static_cast<std::int64_t>(parameter.nbytes());
    }
    bucket_of_.resize(parameters_.size());
    for (std::size_t b = 0; b < buckets_.size(); ++b)
      for (const std::size_t i : buckets_[b].members) bucket_of_[i] = b;
  }

  void attach() {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      auto node = torch::autograd::impl::grad_accumulator(parameters_[i]);
      const auto arrived = [self = weak_from_this(), i](const auto& outputs, const auto&) {
        if (const auto alive = self.lock()) alive->arrived(i);
        return outputs;
      };
      node->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(arrived));
      accumulators_.push_back(std::move(node));  // which the parameter itself refers to only weakly
    }
  }

  void begin() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (Bucket& bucket : buckets_) bucket.missing = bucket.members.size();
    std::fill(sent_.begin(), sent_.end(), false);
    next_ = 0;
    twice_ = false;
    active_ = true;
  }

  void finish() {
    const torch::NoGradGuard no_grad;
    const std::lock_guard<std::mutex> lock(mutex_);
    while (next_ < buckets_.size()) send(buckets_[next_++]);
    active_ = false;
    for (Bucket& bucket : buckets_) {
      bucket.work->wait();
      bucket.work.reset();
      take(bucket);
    }
    if (twice_) throw std::logic_error("GradientAverage: the way back reached a parameter twice");
  }

 private:
  struct Bucket {
    std::vector<std::size_t> members;  // places of parameters
    std::int64_t bytes = 0;
    std::size_t missing = 0;
    torch::Tensor flat;  // the gradients one after the other, then, for each, 1 where there is one
    std::unique_ptr<Exchange> work;
  };

  // In whichever thread the way back runs.
  void arrived(std::size_t i) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!active_) return;
    twice_ = twice_ || sent_[i];
    sent_[i] = true;
    Bucket& bucket = buckets_[bucket_of_[i]];
    if (bucket.missing > 0) --bucket.missing;
    // In the same order in all processes, whatever theirs is.
    while (next_ < buckets_.size() && buckets_[next_].missing == 0) send(buckets_[next_++]);
  }

  void send(Bucket& bucket) {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> parts;
    std::vector<float> present;
    const torch::Tensor& first = parameters_[bucket.members.front()];
    for (const std::size_t i : bucket.members) {
      const torch::Tensor& gradient = parameters_[i].grad();
      present.push_back(gradient.defined() ? 1.0F : 0.0F);
      // In the memory order of the parameter, which is that of its gradient nearly always: no strided copies.
      const auto whole = gradient.defined() ? gradient : torch::zeros_like(parameters_[i]);
      parts.push_back(in_memory_order_of(parameters_[i], whole).as_strided({whole.numel()}, {1}));
    }
    parts.push_back(torch::tensor(present).to(first.device(), first.scalar_type()));
    bucket.flat = torch::cat(parts);
    bucket.work = group_.start_sum(bucket.flat);
  }

  void take(Bucket& bucket) {
    const auto count = static_cast<std::int64_t>(bucket.members.size());
    const auto present = bucket.flat.narrow(0, bucket.flat.numel() - count, count).to(torch::kCPU, torch::kFloat64);
    bucket.flat.div_(group_.size());
    std::int64_t offset = 0;
    for (std::int64_t k = 0; k < count; ++k) {
      torch::Tensor& parameter = parameters_[bucket.members[static_cast<std::size_t>(k)]];
      const auto part = bucket.flat.narrow(0, offset, parameter.numel());
      offset += parameter.numel();
      if (present[k].item<double>() == 0) continue;
      if (!parameter.grad().defined()) parameter.mutable_grad() = torch::zeros_like(parameter);
      parameter.mutable_grad().copy_(part.as_strided(parameter.sizes(), parameter.strides(), part.storage_offset()));
    }
    bucket.flat.reset();
  }

  Group& group_;
  std::vector<torch::Tensor> parameters_;
  std::vector<decltype(torch::autograd::impl::grad_accumulator(torch::Tensor()))> accumulators_;
  std::vector<Bucket> buckets_;
  std::vector<std::size_t> bucket_of_;
  std::mutex mutex_;
  std::vector<bool> sent_;
  std::size_t next_ = 0;  // bucket to be sent
  bool active_ = false, twice_ = false;
};

GradientAverage::GradientAverage(Group& group, std::vector<torch::Tensor> parameters, std::int64_t bucket_bytes)
    : impl_(std::make_shared<Impl>(group, std::move(parameters), bucket_bytes)) {
  impl_->attach();
}
GradientAverage::~GradientAverage() = default;

void GradientAverage::begin() { impl_->begin(); }
void GradientAverage::finish() { impl_->finish(); }

}  // namespace ctforge::train
