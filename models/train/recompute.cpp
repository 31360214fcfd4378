// The second evaluation inside autograd's way back.
#include "models/train/recompute.h"

#include <mutex>
#include <stdexcept>
#include <utility>

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ctforge::train {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Generator generator_of(torch::Device device) { return at::globalContext().defaultGenerator(device); }

torch::Tensor random_state(torch::Device device) {
  at::Generator generator = generator_of(device);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return generator.get_state();
}

void set_random_state(torch::Device device, const torch::Tensor& state) {
  at::Generator generator = generator_of(device);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(state);
}

// What an evaluation depends on besides its inputs.
class Surroundings {
 public:
  explicit Surroundings(torch::Device device)
      : device_(device),
        random_(random_state(device)),
        cpu_random_(random_state(torch::kCPU)),
        autocast_(at::autocast::is_autocast_enabled(device.type())),
        dtype_(at::autocast::get_autocast_dtype(device.type())) {}

  void restore() const {
    set_random_state(device_, random_);
    set_random_state(torch::kCPU, cpu_random_);
    at::autocast::set_autocast_enabled(device_.type(), autocast_);
    at::autocast::set_autocast_dtype(device_.type(), dtype_);
  }
  torch::Device device() const { return device_; }

 private:
  torch::Device device_;
  torch::Tensor random_, cpu_random_;
  bool autocast_;
  at::ScalarType dtype_;
};

// Makes the surroundings those of another moment for as long as it lives.
class Revisit {
 public:
  explicit Revisit(const Surroundings& then) : now_(then.device()) {
    at::autocast::increment_nesting();
    at::autocast::clear_cache();
    then.restore();
  }
  ~Revisit() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    now_.restore();
  }
  Revisit(const Revisit&) = delete;
  Revisit& operator=(const Revisit&) = delete;

 private:
  Surroundings now_;
};

struct Evaluation : torch::CustomClassHolder {
  Evaluation(std::function<torch::Tensor(const std::vector<torch::Tensor>&)> function, torch::Device device)
      : block(std::move(function)), surroundings(device) {}

  std::function<torch::Tensor(const std::vector<torch::Tensor>&)> block;
  Surroundings surroundings;
};

struct Slot : torch::CustomClassHolder {
  torch::Tensor gradient;
};

// The identity, at which a gradient ends. A leaf would do, but gives its gradient a memory layout of its own, and sums
// over another layout differ in the last bit.
struct Capture : torch::autograd::Function<Capture> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const c10::intrusive_ptr<Slot>& slot) {
    context->saved_data["slot"] = c10::IValue::make_capsule(slot);
    return x.view_as(x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    c10::static_intrusive_pointer_cast<Slot>(context->saved_data["slot"].toCapsule())->gradient = gradients.at(0);
    return {torch::Tensor(), torch::Tensor()};
  }
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static torch::Tensor forward(AutogradContext* context, const c10::intrusive_ptr<Evaluation>& evaluation,
                               at::TensorList inputs) {
    context->saved_data["evaluation"] = c10::IValue::make_capsule(evaluation);
    context->save_for_backward(inputs.vec());
    // Weights that automatic casting casts here, with gradients off, must not be taken for ones with a gradient.
    struct Forget {
      ~Forget() { at::autocast::clear_cache(); }
    } const forget;
    return evaluation->block(inputs.vec());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (torch::GradMode::is_enabled()) throw std::logic_error("a recomputed block has no second derivative");
    const auto evaluation =
        c10::static_intrusive_pointer_cast<Evaluation>(context->saved_data["evaluation"].toCapsule());
    variable_list inputs;
    std::vector<c10::intrusive_ptr<Slot>> slots;
    torch::Tensor output;
    {
      const torch::AutoGradMode record(true);
      for (const torch::Tensor& saved : context->get_saved_variables()) {
        slots.push_back(c10::make_intrusive<Slot>());
        const torch::Tensor input = saved.detach().requires_grad_(saved.requires_grad());
        inputs.push_back(saved.requires_grad() ? Capture::apply(input, slots.back()) : input);
      }
      const Revisit revisit(evaluation->surroundings);
      output = evaluation->block(inputs);
    }
    torch::autograd::backward({output}, gradients);
    variable_list result = {torch::Tensor()};  // the evaluation has no gradient
    for (const auto& slot : slots) result.push_back(slot->gradient);
    return result;
  }
};

}  // namespace

torch::Tensor recomputed(const std::function<torch::Tensor(const std::vector<torch::Tensor>&)>& block,
                         const std::vector<torch::Tensor>& inputs) {
  if (inputs.empty()) throw std::invalid_argument("recomputed: a block needs an input");
  if (!torch::GradMode::is_enabled()) return block(inputs);
  return Recomputed::apply(c10::make_intrusive<Evaluation>(block, inputs[0].device()), at::TensorList(inputs));
}

}  // namespace ctforge::train
