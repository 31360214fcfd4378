// Group normalisation with its activation: the autograd function around the CPU kernel, and the composed form.
#include "models/nets/group_norm_silu.h"

#include "models/nets/group_norm_kernel.h"

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ctforge::nets {

namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

kernel::Problem problem_of(const Tensor& x, std::int64_t groups, double eps, Activation activation) {
  kernel::Problem problem;
  problem.samples = x.size(0);
  problem.channels = x.size(1);
  problem.pixels = x.numel() / (x.size(0) * x.size(1));
  problem.groups = groups;
  problem.channels_last = !x.is_contiguous();
  problem.element = x.scalar_type() == torch::kFloat32 ? kernel::Element::Float32 : kernel::Element::BFloat16;
  problem.act = activation == Activation::Silu   ? kernel::Act::Silu
                : activation == Activation::None ? kernel::Act::None
                                                 : kernel::Act::LeakyRelu;
  problem.leaky_slope = activation == Activation::Relu ? 0.0F : static_cast<float>(kLeakySlope);
  problem.eps = eps;
  return problem;
}

// float32, dense, without history.
Tensor plain(const Tensor& t) { return t.defined() ? t.detach().to(torch::kFloat32).contiguous() : t; }

const float* data_or_null(const Tensor& t) { return t.defined() ? t.const_data_ptr<float>() : nullptr; }

struct GroupNormFunction : torch::autograd::Function<GroupNormFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const std::optional<Tensor>& maybe_shift, std::int64_t groups, double eps,
                        std::int64_t activation) {
    const Tensor shift = maybe_shift.value_or(Tensor());
    const Tensor dense = x.contiguous(x.suggest_memory_format());
    const Tensor y = torch::empty_like(dense);
    const Tensor mean = torch::empty({x.size(0), groups}, x.options().dtype(torch::kFloat32));
    const Tensor rstd = torch::empty_like(mean);
    const Tensor w = plain(weight), b = plain(bias), s = plain(shift);
    kernel::group_norm_forward(
        problem_of(dense, groups, eps, static_cast<Activation>(activation)),
        {dense.const_data_ptr(), w.const_data_ptr<float>(), b.const_data_ptr<float>(), data_or_null(s)},
        y.mutable_data_ptr(), mean.mutable_data_ptr<float>(), rstd.mutable_data_ptr<float>());
    ctx->save_for_backward({x, weight, bias, shift, mean, rstd});
    ctx->saved_data["groups"] = groups;
    ctx->saved_data["eps"] = eps;
    ctx->saved_data["activation"] = activation;
    return y;
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &bias = saved[2], &shift = saved[3];
    const std::int64_t groups = ctx->saved_data["groups"].toInt();
    const double eps = ctx->saved_data["eps"].toDouble();
    const auto activation = static_cast<Activation>(ctx->saved_data["activation"].toInt());
    if (torch::GradMode::is_enabled()) return differentiable(saved, grads[0], groups, eps, activation);

    const Tensor dense = x.contiguous(x.suggest_memory_format());
    const Tensor dx = torch::empty_like(dense);
    // The gradient in the very layout of x: strides of unit axes may differ, what is_contiguous() says may not.
    const auto format = dense.is_contiguous() ? torch::MemoryFormat::Contiguous : torch::MemoryFormat::ChannelsLast;
    const Tensor dy = grads[0].to(x.scalar_type()).contiguous(format);
    const Tensor w = plain(weight), b = plain(bias), s = plain(shift);
    const Tensor dw = torch::empty_like(w), db = torch::empty_like(b), ds = s.defined() ? torch::empty_like(s) : s;
    kernel::group_norm_backward(
        problem_of(dense, groups, eps, activation),
        {dense.const_data_ptr(), w.const_data_ptr<float>(), b.const_data_ptr<float>(), data_or_null(s)},
        saved[4].const_data_ptr<float>(), saved[5].const_data_ptr<float>(), dy.const_data_ptr(),
        {dx.mutable_data_ptr(), dw.mutable_data_ptr<float>(), db.mutable_data_ptr<float>(),
         ds.defined() ? ds.mutable_data_ptr<float>() : nullptr});
    return {dx,
            dw.to(weight.scalar_type()),
            db.to(bias.scalar_type()),
            ds.defined() ? ds.to(shift.scalar_type()) : Tensor(),
            Tensor(),
            Tensor(),
            Tensor()};
  }

  // The gradient as a function that can be differentiated again.
  static tensor_list differentiable(const tensor_list& saved, const Tensor& grad_y, std::int64_t groups, double eps,
                                    Activation activation) {
    const Tensor y = group_norm_act_composed(saved[0], groups, saved[1], saved[2], eps, activation, saved[3]);
    tensor_list inputs;
    for (std::size_t i = 0; i < 4; ++i)
      if (saved[i].defined() && saved[i].requires_grad()) inputs.push_back(saved[i]);
    const tensor_list found = torch::autograd::grad({y}, inputs, {grad_y}, true, true);
    tensor_list result(7);
    for (std::size_t i = 0, next = 0; i < 4; ++i)
      if (saved[i].defined() && saved[i].requires_grad()) result[i] = found[next++];
    return result;
  }
};

void check(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, const Tensor& shift) {
  const auto require = [](bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(std::string("group_norm_act: ") + what);
  };
  require(x.defined() && (x.dim() == 3 || x.dim() == 4), "x must be [N,C,H,W] or [N,C,L]");
  require(groups > 0 && x.size(1) % groups == 0, "the groups must divide the channels");
  const std::int64_t channels = x.size(1);
  for (const Tensor& t : {weight, bias})
    require(t.defined() && t.dim() == 1 && t.size(0) == channels, "weight and bias must be [C]");
  require(!shift.defined() || (shift.dim() == 2 && shift.size(0) == x.size(0) && shift.size(1) == channels),
          "shift must be [N,C]");
}

}  // namespace

Tensor group_norm_act_composed(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias,
                               double eps, Activation activation, const Tensor& shift) {
  check(x, groups, weight, bias, shift);
  Tensor input = x;
  if (shift.defined())
    input = x + (x.dim() == 4 ? shift.unsqueeze(-1).unsqueeze(-1) : shift.unsqueeze(-1)).to(x.scalar_type());
  return activate(torch::group_norm(input, groups, weight, bias, eps), activation);
}

Tensor group_norm_act(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, double eps,
                      Activation activation, const Tensor& shift) {
  check(x, groups, weight, bias, shift);
  const bool fused = x.device().is_cpu() && x.numel() > 0 &&
                     (x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16);
  if (!fused) return group_norm_act_composed(x, groups, weight, bias, eps, activation, shift);
  if (activation == Activation::Mish || activation == Activation::Gelu)  // which the kernel does not have
    return activate(group_norm_act(x, groups, weight, bias, eps, Activation::None, shift), activation);
  // Function::apply() takes an absent tensor only as an empty optional.
  const auto maybe_shift = shift.defined() ? std::make_optional(shift) : std::nullopt;
  return GroupNormFunction::apply(x, weight, bias, maybe_shift, groups, eps, static_cast<std::int64_t>(activation));
}

}  // namespace ctforge::nets
